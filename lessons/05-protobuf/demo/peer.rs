//! This program once more, as the server, in a process of its own: for the demo and for `measure`.

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::Context;
use stage::child::{Child, Spawn};

/// The server. It ends with this value.
pub struct Peer {
    pub child: Child,
    /// Where it listens.
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

    /// The next thing it says: why it hung up on somebody.
    pub fn says(&self, patience: Duration) -> anyhow::Result<String> {
        let line = self.child.next_line(patience);
        let text = line.context("the server said nothing")?.text;
        let why = text.split_once(": ").map(|(_, why)| why.to_string());
        Ok(why.unwrap_or(text))
    }
}
