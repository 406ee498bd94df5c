//! The other process of the demo and of the measurement: this program as the server.

use std::net::SocketAddr;

use stage::child::{Child, Spawn};

/// The server process. Dropping this value ends it.
pub struct Peer {
    pub child: Child,
    pub addr: SocketAddr,
}

impl Peer {
    /// Starts it on a free port, with the options `more`.
    pub async fn start(more: &[&str]) -> anyhow::Result<Self> {
        let child = Spawn::this_program(["server", "--addr", "127.0.0.1:0"])?
            .args(more)
            .until_stdin_ends("--until-stdin-ends")
            // Without the message of the method that panics: the demo shows the error reply.
            .no_errors()
            .env("RUST_BACKTRACE", "0")
            .start()?;
        Ok(Peer {
            addr: child.listening().await?,
            child,
        })
    }
}
