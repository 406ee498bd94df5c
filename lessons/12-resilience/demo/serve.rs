//! `-- server`: one instance as a program. It says where it listens, tells about each call, and ends
//! when it is asked to.

use std::net::SocketAddr;

use l06_grpc::listen::{self, on_signal, taken, tell};
use l12_resilience::client::Client;
use l12_resilience::heard::Heard;
use l12_resilience::server::{self, Instance, PORT};
use l12_resilience::sick::Sick;
use tokio::net::TcpSocket;

/// What `server` was told.
pub struct Serve {
    pub addr: SocketAddr,
    pub name: Option<String>,
    pub sick: Option<Sick>,
    /// It asks these, and calculates nothing.
    pub behind: Option<Client>,
    pub quiet: bool,
    /// Ends with its standard input: whoever started it and holds that may be killed.
    pub until_stdin_ends: bool,
}

impl Default for Serve {
    fn default() -> Self {
        Serve {
            addr: SocketAddr::from(([127, 0, 0, 1], PORT)),
            name: None,
            sick: None,
            behind: None,
            quiet: false,
            until_stdin_ends: false,
        }
    }
}

/// Serves until a signal comes.
pub async fn run(serve: Serve) -> anyhow::Result<()> {
    let mut stop = on_signal(serve.until_stdin_ends)?;
    let shutdown = async move {
        let _ = stop.wait_for(|stop| *stop).await;
    };
    if serve.sick == Some(Sick::Refusing) {
        return refuse(serve.addr, shutdown).await;
    }
    let listener = listen::bind(serve.addr).await?;
    let addr = listener.local_addr()?;
    let instance = Instance {
        name: serve.name.unwrap_or_else(|| format!("arith-{addr}")),
        sick: serve.sick,
        behind: serve.behind,
        heard: match serve.quiet {
            true => Heard::by_nobody(),
            false => Heard::by(tell),
        },
    };
    tell(&format!("listening on {addr}"));
    server::serve(listener, instance, shutdown).await
}

/// Holds an address and accepts nobody: it is bound, and does not listen. A connection to it is refused
/// at once, as if the program had just died.
async fn refuse(addr: SocketAddr, shutdown: impl Future<Output = ()>) -> anyhow::Result<()> {
    let socket = match addr {
        SocketAddr::V4(_) => TcpSocket::new_v4()?,
        SocketAddr::V6(_) => TcpSocket::new_v6()?,
    };
    socket.bind(addr).map_err(|error| taken(addr, &error))?;
    tell(&format!("refusing on {}", socket.local_addr()?));
    shutdown.await;
    Ok(())
}
