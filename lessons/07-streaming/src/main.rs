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

use std::io::{self, Read, Write};
use std::net::SocketAddr;
use std::process::ExitCode;
use std::thread;

use l07_streaming::server::serve;
use l07_streaming::tls;
use options::{Command, Serve};
use tokio::net::TcpListener;

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
async fn run_mine(_addr: SocketAddr) -> anyhow::Result<()> {
    anyhow::bail!(
        "your answers are not built in; `cargo workbook peer 07` builds them in and calls them"
    )
}

// ---- the server

async fn run_server(serving: Serve) -> anyhow::Result<()> {
    let listener = TcpListener::bind(serving.addr)
        .await
        .map_err(|error| taken(serving.addr, &error))?;
    let shutdown = on_signal(serving.until_stdin_ends)?;
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
    println!("listening on {}", listener.local_addr()?);
    io::stdout().flush()?;
    let mut streams = serving.streams;
    if serving.narrate {
        streams.watch = peer::narrator();
    }
    serve(listener, streams, serving.settings, certificates, shutdown).await?;
    Ok(())
}

/// The errors of `bind` that people meet, in words that say what to do.
fn taken(addr: SocketAddr, error: &io::Error) -> anyhow::Error {
    let words = match error.kind() {
        io::ErrorKind::AddrInUse => "another program listens there already. Stop it, or choose \
                                     another port, for example --addr 127.0.0.1:8801"
            .to_string(),
        io::ErrorKind::AddrNotAvailable => {
            "this machine has no such address. 127.0.0.1 always works".to_string()
        }
        io::ErrorKind::PermissionDenied => {
            "the system does not allow it. Ports from 1024 on need no permission".to_string()
        }
        _ => error.to_string(),
    };
    anyhow::anyhow!("cannot listen on {addr}: {words}")
}

/// Is ready on Ctrl-C and SIGTERM, and for the demo also when its parent is gone.
fn on_signal(with_stdin: bool) -> anyhow::Result<impl Future<Output = ()>> {
    let (end, ended) = tokio::sync::oneshot::channel::<()>();
    if with_stdin {
        // A thread of its own: reading standard input cannot be cancelled, and the runtime waits
        // at its end for what it has started itself.
        thread::spawn(move || {
            let _ = io::stdin().read_to_end(&mut Vec::new());
            drop(end);
        });
    }
    let signals = signals()?;
    Ok(async move {
        tokio::select! {
            () = signals => {}
            _ = ended, if with_stdin => {}
        }
    })
}

#[cfg(unix)]
fn signals() -> io::Result<impl Future<Output = ()> + Send> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    })
}

#[cfg(not(unix))]
fn signals() -> io::Result<impl Future<Output = ()> + Send> {
    Ok(async {
        let _ = tokio::signal::ctrl_c().await;
    })
}
