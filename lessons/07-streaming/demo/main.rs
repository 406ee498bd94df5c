//! The command line of lesson 07. Without an argument it plays the demo in two processes; `server` and
//! `client` are for two terminals, and `measure` fills one row of the ladder.

mod calls;
mod measure;
#[cfg(feature = "mine")]
mod mine;
mod options;
mod peer;
mod scenes;

use std::process::ExitCode;

use l07_streaming::server::serve;
use stage::commands::Given;
use stage::signal::{bind, on_signal, stopped, tell};
use tokio::runtime::Builder;

use crate::options::Serve;

fn main() -> ExitCode {
    options::PROGRAM.main(run)
}

fn run(given: &Given) -> anyhow::Result<()> {
    if given.command() != "client" {
        given.at_most(0)?;
    }
    // The server may use every core. A client waits for one thing at a time, so one thread is faster for it.
    let mut runtime = match given.command() {
        "server" | "mine" => Builder::new_multi_thread(),
        _ => Builder::new_current_thread(),
    };
    let runtime = runtime.enable_all().build()?;
    runtime.block_on(async {
        match given.command() {
            "server" => run_server(options::serve(given)?).await,
            "client" => calls::run(options::ask(given)?).await,
            "measure" => measure::run().await,
            "mine" => run_mine(given.address("addr")?).await,
            _ => scenes::run().await,
        }
    })
}

#[cfg(feature = "mine")]
use mine::run as run_mine;

#[cfg(not(feature = "mine"))]
async fn run_mine(_addr: std::net::SocketAddr) -> anyhow::Result<()> {
    anyhow::bail!(
        "your answers are not built in; `cargo workbook peer 07` builds them in and calls them"
    )
}

// ---- the server

async fn run_server(serving: Serve) -> anyhow::Result<()> {
    let listener = bind(serving.addr, "--addr 127.0.0.1:8801").await?;
    let stop = on_signal(serving.until_stdin_ends)?;
    // From here on a client gets an answer: the demo and the tests wait for this line.
    tell(&format!("listening on {}", listener.local_addr()?));
    let mut streams = serving.streams;
    if serving.narrate {
        streams.observer = peer::narrator();
    }
    let shutdown = stopped(stop);
    serve(listener, streams, serving.settings, shutdown).await?;
    Ok(())
}
