//! The other process of the demo and of the measurement: this program once more, as the server.

use std::cell::RefCell;
use std::io::{self, BufRead, BufReader};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};

use anyhow::Context;

/// The server, ended with this value.
pub struct Peer {
    child: RefCell<Child>,
    pub addr: SocketAddr,
}

impl Peer {
    pub fn start() -> anyhow::Result<Self> {
        let mut child = Command::new(std::env::current_exe()?)
            .args(["server", "--until-stdin-ends", "--addr", "127.0.0.1:0"])
            // Held open and never written to: when this process ends, the server notices.
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .context("start this program a second time")?;
        let mut line = String::new();
        BufReader::new(child.stdout.take().context("its output")?).read_line(&mut line)?;
        let addr = line
            .trim()
            .strip_prefix("listening on ")
            .context("the server ended before it listened")?
            .parse()?;
        Ok(Peer {
            child: RefCell::new(child),
            addr,
        })
    }

    pub fn id(&self) -> u32 {
        self.child.borrow().id()
    }

    /// Ends it without a word, as a crash would, and waits until the system has cleaned up.
    pub fn kill(&self) -> io::Result<()> {
        let mut child = self.child.borrow_mut();
        child.kill()?;
        child.wait().map(drop)
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        let _ = self.kill();
    }
}
