//! `-- server`: the server as a program. It says where it listens, and ends when it is asked to.

use std::net::SocketAddr;

use l06_grpc::listen;
use l06_grpc::server::{self, NAMES, Settings};
use tonic_health::ServingStatus::NotServing;

/// What `server` was told.
pub struct Serve {
    pub addr: SocketAddr,
    pub settings: Settings,
    /// Ends with its standard input: whoever started it and holds that may be killed.
    pub until_stdin_ends: bool,
}

/// Serves until a signal comes.
pub async fn run(serve: Serve) -> anyhow::Result<()> {
    let listener = listen::bind(serve.addr).await?;
    let mut stop = listen::on_signal(serve.until_stdin_ends)?;
    let (routes, health) = server::everything().await?;
    // From here on a client gets an answer: the line is for people and for tests that wait.
    listen::tell(&format!("listening on {}", listener.local_addr()?));
    let shutdown = async move {
        let _ = stop.wait_for(|stop| *stop).await;
        // Whoever watches the health hears it before the connection ends.
        server::report(&health, &NAMES, NotServing).await;
    };
    server::serve_with(listener, routes, serve.settings, shutdown).await?;
    Ok(())
}
