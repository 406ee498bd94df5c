//! The other process of the demo and of the measurement: this program once more, as the server.

use std::net::SocketAddr;

use stage::child::{Child, Spawn};

/// The server. It ends with this value.
pub struct Peer {
    pub child: Child,
    pub addr: SocketAddr,
}

impl Peer {
    /// Starts it on a free port, with more options.
    pub async fn start(more: &[&str]) -> anyhow::Result<Self> {
        let child = Spawn::this_program(["server", "--addr", "127.0.0.1:0"])?
            .args(more)
            .until_stdin_ends("--until-stdin-ends")
            // A method that panics says so there; the demo says it better.
            .no_errors()
            .env("RUST_BACKTRACE", "0")
            .start()?;
        Ok(Peer {
            addr: child.listening().await?,
            child,
        })
    }
}
