//! `-- server`: the server as a program. It says where it listens, and ends when it is asked to.

use std::net::SocketAddr;

use l06_grpc::server::{self, NAMES, Settings};
use stage::signal::{bind, on_signal, stopped, tell};
use tonic_health::ServingStatus::NotServing;

/// The options of `server`.
pub struct Serve {
    pub addr: SocketAddr,
    pub settings: Settings,
    /// Ends with its standard input, which the program that started it holds open.
    pub until_stdin_ends: bool,
}

/// Serves until a signal comes.
pub async fn run(serve: Serve) -> anyhow::Result<()> {
    let listener = bind(serve.addr, "--addr 127.0.0.1:8801").await?;
    let stop = on_signal(serve.until_stdin_ends)?;
    let (routes, health) = server::everything().await?;
    // From here on a client gets an answer: the line is for people and for tests that wait.
    tell(&format!("listening on {}", listener.local_addr()?));
    let shutdown = async move {
        stopped(stop).await;
        // A client that watches the health hears it before the connection ends.
        server::report(&health, &NAMES, NotServing).await;
    };
    server::serve_with(listener, routes, serve.settings, shutdown).await?;
    Ok(())
}
