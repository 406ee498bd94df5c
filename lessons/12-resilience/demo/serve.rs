//! `-- server`: one instance as a program. It says where it listens, tells about each call, and ends
//! when it is asked to.

use std::net::SocketAddr;

use crate::options::Calling;
use crate::world::client::Client;
use crate::world::heard::Heard;
use crate::world::server::{self, Instance};
use crate::world::sick::Sick;
use stage::commands::Given;
use stage::signal::{bind, on_signal, stopped, taken, tell};
use tokio::net::TcpSocket;

/// An option that helps if the address is taken.
const EXAMPLE: &str = "--addr 127.0.0.1:8973";

/// What `server` was told.
pub struct Serve {
    addr: SocketAddr,
    name: Option<String>,
    sick: Option<Sick>,
    /// It calls these, and calculates nothing.
    behind: Option<Client>,
    quiet: bool,
    /// Ends with its standard input: the program that started it may be killed.
    until_stdin_ends: bool,
}

impl Serve {
    /// The options of `server`.
    pub fn given(given: &Given) -> anyhow::Result<Self> {
        Ok(Serve {
            addr: given.address("addr")?,
            name: given.text("name").map(str::to_string),
            sick: given.parsed("sick")?,
            behind: Calling::given(given)?.client(),
            quiet: given.has("quiet"),
            until_stdin_ends: given.has("until-stdin-ends"),
        })
    }
}

/// Serves until a signal comes.
pub async fn run(serve: Serve) -> anyhow::Result<()> {
    let shutdown = stopped(on_signal(serve.until_stdin_ends)?);
    if serve.sick == Some(Sick::Refusing) {
        return refuse(serve.addr, shutdown).await;
    }
    let listener = bind(serve.addr, EXAMPLE).await?;
    let addr = listener.local_addr()?;
    let instance = Instance {
        name: serve.name.unwrap_or_else(|| format!("arith-{addr}")),
        sick: serve.sick,
        behind: serve.behind,
        heard: match serve.quiet {
            true => Heard::silent(),
            false => Heard::by(tell),
        },
    };
    tell(&format!("listening on {addr}"));
    server::serve(listener, instance, shutdown).await
}

/// Holds an address and accepts no connection: it is bound, and does not listen. A connection to it is refused at
/// once, as if the program had just ended.
async fn refuse(addr: SocketAddr, shutdown: impl Future<Output = ()>) -> anyhow::Result<()> {
    let socket = match addr {
        SocketAddr::V4(_) => TcpSocket::new_v4()?,
        SocketAddr::V6(_) => TcpSocket::new_v6()?,
    };
    socket
        .bind(addr)
        .map_err(|error| taken(addr, EXAMPLE, &error))?;
    tell(&format!("refusing on {}", socket.local_addr()?));
    shutdown.await;
    Ok(())
}
