//! What makes a program of a server: it says why it cannot listen, and ends when it is asked to. The
//! servers of lessons 02 and 04 use it as well.

use std::io::{self, Read};
use std::net::SocketAddr;
use std::sync::mpsc;
use std::thread;

/// The errors of `bind` that people meet, in words that say what to do. The words name the option
/// `--addr`.
pub fn taken(addr: SocketAddr, error: &io::Error) -> anyhow::Error {
    let words = match error.kind() {
        io::ErrorKind::AddrInUse => "another program listens there already. Stop it, or choose \
                                     another port, for example --addr 127.0.0.1:8081"
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

/// Gets a message on Ctrl-C and SIGTERM; `with_stdin` also when the standard input ends, for a server
/// that another program starts: that one may be killed.
///
/// Signals are the one thing here that the standard library does not offer. tokio does, so a small
/// runtime waits for them, whichever server runs.
///
/// # Errors
/// If the system does not let it wait for signals.
pub fn on_signal(with_stdin: bool) -> io::Result<mpsc::Receiver<()>> {
    let (stop, shutdown) = mpsc::channel();
    if with_stdin {
        let stop = stop.clone();
        thread::spawn(move || {
            let _ = io::stdin().read_to_end(&mut Vec::new());
            let _ = stop.send(());
        });
    }
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    // Registered before the server says that it listens: a signal right after that line counts.
    let wait = {
        let _inside = runtime.enter();
        signals()?
    };
    thread::spawn(move || {
        runtime.block_on(wait);
        let _ = stop.send(());
    });
    Ok(shutdown)
}

/// Is ready on Ctrl-C and SIGTERM. They count from the return of this function on, not only when
/// somebody waits. Call it inside of a tokio runtime.
///
/// # Errors
/// If the system does not let it wait for signals.
#[cfg(unix)]
pub fn signals() -> io::Result<impl Future<Output = ()> + Send> {
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

/// Is ready on Ctrl-C. Call it inside of a tokio runtime.
///
/// # Errors
/// None; on Unix there is one.
#[cfg(not(unix))]
pub fn signals() -> io::Result<impl Future<Output = ()> + Send> {
    Ok(async {
        let _ = tokio::signal::ctrl_c().await;
    })
}
