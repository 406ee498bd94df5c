//! The real Consul: found, started on free ports of 127.0.0.1, ready before `start` returns, and
//! gone with this process, however that ends.
//!
//! ```no_run
//! let consul = testkit::consul::Consul::start()?;
//! println!("its HTTP API is at {}", consul.addr());
//! # Ok::<(), testkit::server::Trouble>(())
//! ```

use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use crate::scratch::free_port;
use crate::server::{Kind, Server, Trouble, again, get, is_a_server};

/// The real Consul. It needs about two seconds to elect itself; a busy machine, more.
pub static KIND: Kind = Kind {
    name: "Consul",
    variable: "CONSUL_BIN",
    program: "consul",
    tool: "target/tools/consul/consul",
    advice: "`scripts/test setup` gets version 1.8.7 on Debian and Ubuntu; elsewhere install it so that \
             `consul version` works, or set $CONSUL_BIN to it",
    unready: "has no leader",
    patience: Duration::from_secs(60),
};

/// The program: `$CONSUL_BIN`, else the one that `scripts/test` got, else `consul` on the PATH.
pub fn find() -> Option<PathBuf> {
    KIND.find()
}

/// The options of a Consul.
#[derive(Debug, Clone, Default)]
pub struct Setup {
    http: Option<u16>,
    name_server: bool,
    definitions: Vec<PathBuf>,
    arguments: Vec<String>,
}

impl Setup {
    /// A development agent, alone and with nothing registered.
    pub fn new() -> Self {
        Setup::default()
    }

    /// Serves its HTTP API on this port instead of a free one.
    pub fn http_port(mut self, port: u16) -> Self {
        self.http = Some(port);
        self
    }

    /// Answers by DNS as well, on a free port: see [`Consul::name_server`].
    pub fn with_name_server(mut self) -> Self {
        self.name_server = true;
        self
    }

    /// Reads the definition files of this folder.
    pub fn definitions(mut self, folder: &Path) -> Self {
        self.definitions.push(folder.to_path_buf());
        self
    }

    /// Keeps in this folder what was registered with it, so that a reload or a restart forgets nothing.
    pub fn data(self, folder: &Path) -> Self {
        self.argument("-data-dir")
            .argument(&folder.display().to_string())
    }

    /// Lets one address have this many connections. Its own limit of 200 is fewer than a crowd of
    /// watchers on one machine has; more than the system's limit of open files makes it refuse.
    pub fn connections(self, most: u32) -> Self {
        self.argument("-hcl")
            .argument(&format!("limits {{ http_max_conns_per_client = {most} }}"))
    }

    /// One more argument for `consul agent`; it wins against ours.
    pub fn argument(mut self, argument: &str) -> Self {
        self.arguments.push(argument.to_string());
        self
    }

    /// Starts it, and returns when it has a leader and knows itself.
    ///
    /// # Errors
    /// If it is missing, ends, or is not ready within a minute.
    pub fn start(&self) -> Result<Consul, Trouble> {
        let program = find().ok_or(Trouble::Missing(&KIND))?;
        again(|| self.attempt(&program))
    }

    fn attempt(&self, program: &Path) -> Result<Consul, Trouble> {
        let mut server = Server::new(&KIND)?;
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
        server.run(&mut command)?;
        let addr = (Ipv4Addr::LOCALHOST, http).into();
        // The leader writes itself into the catalog when it is done with its other duties.
        server.wait(|| {
            let answer = get(addr, "/v1/catalog/service/consul");
            answer.is_ok_and(|answer| answer.contains("\"ServiceName\""))
        })?;
        Ok(Consul {
            addr,
            name_server: dns.map(|port| (Ipv4Addr::LOCALHOST, port).into()),
            server,
        })
    }
}

/// A running Consul. It ends when this is dropped.
pub struct Consul {
    addr: SocketAddr,
    name_server: Option<SocketAddr>,
    server: Server,
}

is_a_server!(Consul);

impl Consul {
    /// A development agent on free ports.
    ///
    /// # Errors
    /// See [`Setup::start`].
    pub fn start() -> Result<Self, Trouble> {
        Setup::new().start()
    }

    /// Returns the address of the HTTP API.
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// Returns the address of the name server, over UDP and TCP; `None` unless it was asked for.
    pub fn name_server(&self) -> Option<SocketAddr> {
        self.name_server
    }
}
