//! `-- server`: one instance as a program. It says where it listens, tells about each call, and ends
//! when it is asked to.

use std::net::SocketAddr;

use crate::options::Calling;
use crate::world::heard::Heard;
use crate::world::server::{self, Instance};
use crate::world::sick::Sick;
use stage::commands::Given;
use stage::signal::{bind, on_signal, stopped, taken, tell};
use tokio::net::TcpSocket;

/// An option that helps if the address is taken.
const EXAMPLE: &str = "--addr 127.0.0.1:8973";

/// Serves until a signal comes, or the standard input ends: the program that started it may be killed.
pub async fn run(given: &Given) -> anyhow::Result<()> {
    let (addr, sick) = (given.address("addr")?, given.parsed("sick")?);
    let behind = Calling::given(given)?.client();
    let shutdown = stopped(on_signal(given.has("until-stdin-ends"))?);
    if sick == Some(Sick::Refusing) {
        return refuse(addr, shutdown).await;
    }
    let listener = bind(addr, EXAMPLE).await?;
    let addr = listener.local_addr()?;
    let name = given.text("name").map(str::to_string);
    let instance = Instance {
        name: name.unwrap_or_else(|| format!("arith-{addr}")),
        sick,
        behind,
        heard: match given.has("quiet") {
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
