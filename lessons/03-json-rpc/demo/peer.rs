//! This program once more, as the server, in a process of its own: for the demo and for `measure`.

use std::net::SocketAddr;

use stage::child::{Child, Spawn};

/// The server. It ends with this value.
pub struct Peer {
    pub child: Child,
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
        let child = Spawn::this_program(["server", "--addr", free])?
            .args(["--http-addr", free, "--go-addr", free])
            .until_stdin_ends("--until-stdin-ends")
            .note("http on ")
            .note("go on ")
            .start()?;
        Ok(Peer {
            lines: child.listening_blocking()?,
            http: child.said_blocking("http on ")?.parse()?,
            go: child.said_blocking("go on ")?.parse()?,
            child,
        })
    }
}
