//! The real Prometheus: found, started with a configuration, ready before `start` returns, and gone with this process,
//! however that ends.

use std::fs;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use crate::scratch::free_port;
use crate::server::{Kind, Server, Trouble, again, get};

/// The real Prometheus. It needs about a second; a busy machine, more.
pub static KIND: Kind = Kind {
    name: "Prometheus",
    variable: "PROMETHEUS_BIN",
    program: "prometheus",
    tool: "",
    advice: "on Debian and Ubuntu `sudo apt-get install --no-install-recommends prometheus` brings it; elsewhere install \
             it so that `prometheus --version` works, or set $PROMETHEUS_BIN to it",
    unready: "is not ready",
    patience: Duration::from_secs(60),
};

/// The program: `$PROMETHEUS_BIN`, else `prometheus` on the PATH.
pub fn find() -> Option<PathBuf> {
    KIND.find()
}

/// A running Prometheus. It ends when this is dropped, and its data with it.
pub struct Prometheus {
    addr: SocketAddr,
    // Ends with this value.
    _server: Server,
}

impl Prometheus {
    /// Starts it on a free port of 127.0.0.1 with this configuration, which is YAML or JSON. Returns when it answers
    /// queries.
    ///
    /// # Errors
    /// If it is missing, ends, or is not ready within a minute.
    pub fn start(config: &str) -> Result<Self, Trouble> {
        let program = find().ok_or(Trouble::Missing(&KIND))?;
        again(|| {
            let addr = SocketAddr::from((Ipv4Addr::LOCALHOST, free_port()?));
            let mut server = Server::new(&KIND)?;
            let (file, data) = (server.folder().join("config"), server.folder().join("data"));
            fs::write(&file, config)?;
            let mut command = Command::new(&program);
            command.arg(format!("--config.file={}", file.display()));
            command.arg(format!("--storage.tsdb.path={}", data.display()));
            command.arg(format!("--web.listen-address={addr}"));
            command.arg("--log.level=warn");
            server.run(&mut command)?;
            server.wait(|| get(addr, "/-/ready").is_ok_and(|it| it.contains(" 200 OK")))?;
            Ok(Prometheus {
                addr,
                _server: server,
            })
        })
    }

    /// Returns the address of its API, and of its page for a browser.
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }
}
