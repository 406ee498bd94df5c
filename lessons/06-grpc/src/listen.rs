//! `-- server`: the server as a program. It says where it listens, and ends when it is asked to.

use std::io::{self, Read, Write};
use std::net::SocketAddr;
use std::thread;

use l06_grpc::server::{self, NAMES, Settings};
use tokio::net::TcpListener;
use tokio::sync::watch;
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
    let listener = TcpListener::bind(serve.addr)
        .await
        .map_err(|error| taken(serve.addr, &error))?;
    let mut stop = on_signal(serve.until_stdin_ends)?;
    let (routes, health) = server::everything().await?;
    // From here on a client gets an answer: the line is for people and for tests that wait.
    tell(&format!("listening on {}", listener.local_addr()?));
    let shutdown = async move {
        let _ = stop.wait_for(|stop| *stop).await;
        // Whoever watches the health hears it before the connection ends.
        server::report(&health, &NAMES, NotServing).await;
    };
    server::serve_with(listener, routes, serve.settings, shutdown).await?;
    Ok(())
}

/// Says one line. Whoever reads may be gone; then it is said to nobody.
pub fn tell(line: &str) {
    let mut out = io::stdout().lock();
    let _ = writeln!(out, "{line}").and_then(|()| out.flush());
}

/// The errors of `bind` that people meet, in words that say what to do.
pub fn taken(addr: SocketAddr, error: &io::Error) -> anyhow::Error {
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

/// Turns true on Ctrl-C and SIGTERM, and for the demo also when its parent is gone.
pub fn on_signal(with_stdin: bool) -> io::Result<watch::Receiver<bool>> {
    let (stop, stopped) = watch::channel(false);
    if with_stdin {
        let stop = stop.clone();
        thread::spawn(move || {
            let _ = io::stdin().read_to_end(&mut Vec::new());
            let _ = stop.send(true);
        });
    }
    let signal = signals()?;
    tokio::spawn(async move {
        signal.await;
        let _ = stop.send(true);
    });
    Ok(stopped)
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
