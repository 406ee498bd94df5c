//! This program once more, as the server, in a process of its own: for the demo and for `measure`.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};

use anyhow::Context;

/// The other process. It ends with this value.
pub struct Peer {
    child: Child,
    /// Where it speaks 2.0 in lines.
    pub lines: SocketAddr,
    /// Where it speaks 2.0 over HTTP.
    pub http: SocketAddr,
    /// Where it speaks Go's dialect.
    pub go: SocketAddr,
}

impl Peer {
    /// Starts it on free ports.
    pub fn start() -> anyhow::Result<Self> {
        let free = "127.0.0.1:0";
        let mut child = Command::new(std::env::current_exe()?)
            .args(["server", "--until-stdin-ends", "--addr", free])
            .args(["--http-addr", free, "--go-addr", free])
            // Held open and never written to: when this process ends, the server notices.
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .context("start this program a second time")?;
        let mut lines = BufReader::new(child.stdout.take().context("its output")?).lines();
        let mut address = |before: &str| -> anyhow::Result<SocketAddr> {
            let line = lines
                .next()
                .context("the server ended before it listened")??;
            let address = line.strip_prefix(before).context("an address")?;
            Ok(address.parse()?)
        };
        Ok(Peer {
            http: address("http on ")?,
            go: address("go on ")?,
            lines: address("listening on ")?,
            child,
        })
    }

    /// The number of its process.
    pub fn id(&self) -> u32 {
        self.child.id()
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
