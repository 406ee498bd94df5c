//! The real Consul: found, started on free ports of 127.0.0.1, ready before `start` returns, and
//! gone with this process, however that ends.
//!
//! ```no_run
//! let consul = testkit::consul::Consul::start()?;
//! println!("its HTTP API is at {}", consul.addr());
//! # Ok::<(), testkit::consul::Trouble>(())
//! ```

use std::fmt;
use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use crate::guarded::Guarded;
use crate::scratch::{self, free_port, last_lines};

/// Where `scripts/test` puts it, below this repository.
const TOOL: &str = "target/tools/consul/consul";

/// How long a Consul may take to elect itself. It needs about two seconds; a busy machine, more.
const READY: Duration = Duration::from_secs(60);

/// Why there is no Consul.
#[derive(Debug)]
pub enum Trouble {
    /// It is not installed.
    Missing,
    /// It ended instead of serving: its last words.
    Ended(String),
    /// It runs and has no leader after a long time: its last words.
    NotReady(String),
    /// The system did not let us start it.
    Io(io::Error),
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Trouble::Missing => write!(
                f,
                "there is no Consul: `scripts/test setup` gets version 1.8.7 on Debian and Ubuntu; \
                 elsewhere install it so that `consul version` works, or set $CONSUL_BIN to it"
            ),
            Trouble::Ended(log) => write!(f, "Consul ended at once. It said:\n{log}"),
            Trouble::NotReady(log) => write!(
                f,
                "Consul runs, but has no leader after {} s. It said:\n{log}",
                READY.as_secs()
            ),
            Trouble::Io(error) => write!(f, "Consul cannot be started: {error}"),
        }
    }
}

impl std::error::Error for Trouble {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Trouble::Io(error) => Some(error),
            _ => None,
        }
    }
}

impl From<io::Error> for Trouble {
    fn from(error: io::Error) -> Self {
        Trouble::Io(error)
    }
}

/// The program: `$CONSUL_BIN`, else the one that `scripts/test` got, else `consul` on the PATH.
#[must_use]
pub fn find() -> Option<PathBuf> {
    if let Some(named) = std::env::var_os("CONSUL_BIN").filter(|named| !named.is_empty()) {
        return Some(named.into());
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let path = std::env::var_os("PATH").unwrap_or_default();
    let on_path = std::env::split_paths(&path).map(|dir| dir.join("consul"));
    [root.join(TOOL)]
        .into_iter()
        .chain(on_path)
        .find(|program| program.is_file())
}

/// What a Consul is started with.
#[derive(Debug, Clone, Default)]
pub struct Setup {
    http: Option<u16>,
    name_server: bool,
    definitions: Vec<PathBuf>,
    arguments: Vec<String>,
}

impl Setup {
    /// A development agent, alone and with nothing registered.
    #[must_use]
    pub fn new() -> Self {
        Setup::default()
    }

    /// Serves its HTTP API on this port instead of a free one.
    #[must_use]
    pub fn http_port(mut self, port: u16) -> Self {
        self.http = Some(port);
        self
    }

    /// Answers by DNS as well, on a free port: see [`Consul::name_server`].
    #[must_use]
    pub fn with_name_server(mut self) -> Self {
        self.name_server = true;
        self
    }

    /// Reads the definition files of this folder.
    #[must_use]
    pub fn definitions(mut self, folder: &Path) -> Self {
        self.definitions.push(folder.to_path_buf());
        self
    }

    /// Keeps in this folder what was registered with it, so that a reload or a restart forgets nothing.
    #[must_use]
    pub fn data(self, folder: &Path) -> Self {
        self.argument("-data-dir")
            .argument(&folder.display().to_string())
    }

    /// Lets one address have this many connections. Its own limit of 200 is fewer than a crowd of
    /// watchers on one machine has; more than the system's limit of open files makes it refuse.
    #[must_use]
    pub fn connections(self, most: u32) -> Self {
        self.argument("-hcl")
            .argument(&format!("limits {{ http_max_conns_per_client = {most} }}"))
    }

    /// One more argument for `consul agent`; it wins against ours.
    #[must_use]
    pub fn argument(mut self, argument: &str) -> Self {
        self.arguments.push(argument.to_string());
        self
    }

    /// Starts it, and returns when it has a leader and knows itself.
    ///
    /// # Errors
    /// If it is missing, ends, or is not ready within a minute.
    pub fn start(&self) -> Result<Consul, Trouble> {
        let program = find().ok_or(Trouble::Missing)?;
        // Somebody can take a free port before Consul does.
        for _ in 0..4 {
            match self.attempt(&program) {
                Err(Trouble::Ended(log)) if log.contains("address already in use") => (),
                other => return other,
            }
        }
        self.attempt(&program)
    }

    fn attempt(&self, program: &Path) -> Result<Consul, Trouble> {
        let scratch = scratch::folder("consul")?;
        let log = scratch.join("log");
        let http = self.http.map_or_else(free_port, Ok)?;
        // Consul cannot be told to take any free port for it.
        let dns = self.name_server.then(free_port).transpose()?;
        let mut command = Command::new(program);
        command.args(["agent", "-dev", "-bind=127.0.0.1", "-client=127.0.0.1"]);
        command.args(["-node=workbook", "-disable-host-node-id"]);
        command.args(["-grpc-port=-1", "-serf-wan-port=-1"]);
        command.arg(format!("-dns-port={}", dns.map_or(-1, i32::from)));
        command.arg(format!("-http-port={http}"));
        command.arg(format!("-server-port={}", free_port()?));
        command.arg(format!("-serf-lan-port={}", free_port()?));
        // As a development agent it would log each service at each comparison with the catalog.
        command.arg("-log-level=info");
        // Else it asks a server of its makers whether it is too old.
        command.args(["-hcl", "disable_update_check = true"]);
        for folder in &self.definitions {
            command.arg("-config-dir").arg(folder);
        }
        command.args(&self.arguments);
        let output = std::fs::File::create(&log)?;
        command.stdout(output.try_clone()?).stderr(output);
        let process = Guarded::start(&mut command, Some(&scratch))?;
        let mut consul = Consul {
            addr: (Ipv4Addr::LOCALHOST, http).into(),
            name_server: dns.map(|port| (Ipv4Addr::LOCALHOST, port).into()),
            process,
            log,
        };
        consul.wait_until_ready()?;
        Ok(consul)
    }
}

/// A running Consul. It ends when this is dropped.
pub struct Consul {
    addr: SocketAddr,
    name_server: Option<SocketAddr>,
    process: Guarded,
    log: PathBuf,
}

impl Consul {
    /// A development agent on free ports.
    ///
    /// # Errors
    /// See [`Setup::start`].
    pub fn start() -> Result<Self, Trouble> {
        Setup::new().start()
    }

    /// Where its HTTP API is.
    #[must_use]
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// Where its name server is, over UDP and TCP; `None` unless it was asked for.
    #[must_use]
    pub fn name_server(&self) -> Option<SocketAddr> {
        self.name_server
    }

    /// The number of its process.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.process.id()
    }

    /// Whether it still runs; a crash is noticed here.
    pub fn is_running(&mut self) -> bool {
        self.process.ended().is_none()
    }

    /// What it has logged.
    #[must_use]
    pub fn log(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap_or_default()
    }

    fn wait_until_ready(&mut self) -> Result<(), Trouble> {
        let since = Instant::now();
        while since.elapsed() < READY {
            if !self.is_running() {
                return Err(Trouble::Ended(last_lines(&self.log())));
            }
            // The leader writes itself into the catalog when it is done with its other duties.
            match get(self.addr, "/v1/catalog/service/consul") {
                Ok(answer) if answer.contains("\"ServiceName\"") => return Ok(()),
                _ => thread::sleep(Duration::from_millis(50)),
            }
        }
        Err(Trouble::NotReady(last_lines(&self.log())))
    }
}

fn get(addr: SocketAddr, path: &str) -> io::Result<String> {
    let mut stream = TcpStream::connect(addr)?;
    stream.set_read_timeout(Some(Duration::from_secs(5)))?;
    // 1.0: the answer ends with the connection, and nothing is left to take apart.
    write!(stream, "GET {path} HTTP/1.0\r\n\r\n")?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    Ok(answer)
}
