//! The server of the demo and of `measure`: this program in another process.

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::Context;
use stage::child::{Child, Spawn};

/// The server. It ends with this value.
pub struct Peer {
    pub child: Child,
    /// The address on which it listens.
    pub addr: SocketAddr,
}

impl Peer {
    /// Starts it on a free port.
    pub fn start(more: &[&str]) -> anyhow::Result<Self> {
        let child = Spawn::this_program(["server", "--addr", "127.0.0.1:0"])?
            .args(more)
            .until_stdin_ends("--until-stdin-ends")
            .start()?;
        Ok(Peer {
            addr: child.listening_blocking()?,
            child,
        })
    }

    /// The next line that it prints: why it closed a connection.
    pub fn says(&self, timeout: Duration) -> anyhow::Result<String> {
        let line = self.child.next_line(timeout);
        let text = line.context("the server printed nothing")?.text;
        let why = text.split_once(": ").map(|(_, why)| why.to_string());
        Ok(why.unwrap_or(text))
    }
}
