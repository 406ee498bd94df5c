//! The command line of lesson 07. Without an argument it tells the whole story in two processes;
//! `server` and `client` are for two terminals, `measure` fills one row of the ladder.

mod calls;
mod demo;
mod measure;
#[cfg(feature = "mine")]
mod mine;
mod options;
mod peer;
mod story;
mod tap;

use std::io::{self, Write};
use std::process::ExitCode;

use l06_grpc::listen;
use l07_streaming::server::serve;
use l07_streaming::tls;
use options::{Command, Serve};

fn main() -> ExitCode {
    match options::parse().and_then(run) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("l07-streaming: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(command: Command) -> anyhow::Result<()> {
    if let Command::Help = command {
        return Ok(io::stdout().write_all(options::HELP.as_bytes())?);
    }
    // The server may use every core. A client waits for one thing at a time, and tasks of one thread
    // hand over to each other without waking another one.
    let mut runtime = match &command {
        Command::Server(_) | Command::Mine(_) => tokio::runtime::Builder::new_multi_thread(),
        _ => tokio::runtime::Builder::new_current_thread(),
    };
    let runtime = runtime.enable_all().build()?;
    runtime.block_on(async {
        match command {
            Command::Help => Ok(()),
            Command::Demo => demo::run().await,
            Command::Measure => measure::run().await,
            Command::Server(serve) => run_server(*serve).await,
            Command::Client(asked) => calls::run(*asked).await,
            Command::Mine(addr) => run_mine(addr).await,
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
    let listener = listen::bind(serving.addr).await?;
    let mut stop = listen::on_signal(serving.until_stdin_ends)?;
    // Its folder lives as long as this value.
    let mut temporary = None;
    let certificates = if serving.tls {
        let folder = match serving.certificates {
            Some(folder) => folder,
            None => temporary.insert(tempfile::tempdir()?).path().to_path_buf(),
        };
        let (certificates, authority) = tls::within(&folder)
            .map_err(|error| anyhow::anyhow!("no certificates in {}: {error}", folder.display()))?;
        println!("callers trust {}", authority.display());
        Some(certificates)
    } else {
        None
    };
    // From here on a client gets an answer: the line is for people and for tests that wait for it.
    listen::tell(&format!("listening on {}", listener.local_addr()?));
    let mut streams = serving.streams;
    if serving.narrate {
        streams.watch = peer::narrator();
    }
    let shutdown = async {
        let _ = stop.wait_for(|stop| *stop).await;
    };
    serve(listener, streams, serving.settings, certificates, shutdown).await?;
    Ok(())
}
