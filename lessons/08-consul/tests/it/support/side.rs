//! The servers of one side: the real Consul, or the agent of this lesson. One is shared by all cases
//! of a test; a case that writes definition files starts one of its own.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::ops::Deref;
use std::path::Path;
use std::process::{Command, Stdio};

use testkit::{Guarded, consul};

use super::Http;

/// Starts a server: the folder of its definition files, the folder where it keeps what it was told.
pub type Fresh = fn(Option<&Path>, Option<&Path>) -> Result<Server, String>;

/// A server that runs as long as this is held.
pub struct Server {
    http: Http,
    /// The number of its process.
    pub id: u32,
    _process: Box<dyn Send + Sync>,
}

impl Server {
    /// A server at `addr`, held by `process`.
    pub fn new(
        addr: SocketAddr,
        fresh: Fresh,
        id: u32,
        process: impl Send + Sync + 'static,
    ) -> Self {
        Server {
            http: Http { addr, fresh },
            id,
            _process: Box::new(process),
        }
    }

    /// What the system says about the memory of its process, in MiB: now, and the most so far.
    pub fn memory(&self) -> (usize, usize) {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.id)).unwrap();
        let field = |name: &str| -> usize {
            let line = status.lines().find(|line| line.starts_with(name)).unwrap();
            let kib = line.split_whitespace().nth(1).unwrap();
            kib.parse::<usize>().unwrap() / 1024
        };
        (field("VmRSS:"), field("VmHWM:"))
    }
}

impl Deref for Server {
    type Target = Http;

    fn deref(&self) -> &Http {
        &self.http
    }
}

impl Http {
    /// One more server of this side, for a case that must be alone with it.
    #[track_caller]
    pub fn alone(&self, definitions: Option<&Path>, data: Option<&Path>) -> Server {
        (self.fresh)(definitions, data).unwrap_or_else(|trouble| panic!("{trouble}"))
    }
}

/// The real Consul.
pub fn real(definitions: Option<&Path>, data: Option<&Path>) -> Result<Server, String> {
    // As many as the usual limit of 1024 open files has room for: on a machine with many cores, many
    // cases watch at the same time.
    start_real(consul::Setup::new().connections(1000), definitions, data)
}

/// The real Consul, with room for a crowd; the limit of open files has to allow it.
pub fn real_for_a_crowd(definitions: Option<&Path>, data: Option<&Path>) -> Result<Server, String> {
    start_real(consul::Setup::new().connections(3000), definitions, data)
}

fn start_real(
    mut setup: consul::Setup,
    definitions: Option<&Path>,
    data: Option<&Path>,
) -> Result<Server, String> {
    if let Some(folder) = definitions {
        setup = setup.definitions(folder);
    }
    if let Some(folder) = data {
        setup = setup.data(folder);
    }
    let consul = setup.start().map_err(|trouble| trouble.to_string())?;
    Ok(Server::new(consul.addr(), real, consul.id(), consul))
}

/// The agent of this lesson, as a program of its own. It writes nothing to a disk.
pub fn agent(definitions: Option<&Path>, _data: Option<&Path>) -> Result<Server, String> {
    let mut command = Command::new(env!("CARGO_BIN_EXE_l08-consul"));
    command.args(["agent", "--http-addr", "127.0.0.1:0"]);
    if let Some(folder) = definitions {
        command.arg("--config-dir").arg(folder);
    }
    command.stdout(Stdio::piped());
    let mut process = Guarded::start(&mut command, None).map_err(|error| error.to_string())?;
    let mut output = BufReader::new(process.child().stdout.take().expect("piped above"));
    loop {
        let mut line = String::new();
        let read = output.read_line(&mut line);
        if !matches!(read, Ok(1..)) {
            return Err("the agent ended before it printed `listening on ADDR`".to_string());
        }
        if let Some((_, addr)) = line.trim_end().rsplit_once("listening on ") {
            let addr = addr.parse();
            let addr = addr.map_err(|_| format!("no address in {line:?}"))?;
            // What else it prints has to be read, or it waits for a reader one day.
            std::thread::spawn(move || output.lines().for_each(drop));
            return Ok(Server::new(addr, agent, process.id(), process));
        }
    }
}
