//! What every service needs when it starts and ends: the errors of a port in words for people, a line on
//! the standard output, and the end of the program by a signal.

use std::io::{self, Read, Write};
use std::net::SocketAddr;
use std::thread;

use tokio::sync::watch;

/// Prints one line. A closed standard output is ignored: its reader has ended.
pub fn tell(line: &str) {
    let mut out = io::stdout().lock();
    let _ = writeln!(out, "{line}").and_then(|()| out.flush());
}

/// The errors of `bind` that people meet, in words that say what to do. The words name the option
/// `--addr`.
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

/// Turns true on Ctrl-C and SIGTERM; `with_stdin` also when the standard input ends, for a server
/// that another program starts: that one may be killed. From the return on a signal counts, so call
/// it before saying that the server listens. Call it inside of a tokio runtime.
///
/// # Errors
/// If the system does not let it wait for signals.
pub fn on_signal(with_stdin: bool) -> io::Result<watch::Receiver<bool>> {
    let (stop, stopped) = watch::channel(false);
    if with_stdin {
        let stop = stop.clone();
        // A thread of its own: reading standard input cannot be cancelled, and the runtime waits at
        // its end for what it has started itself.
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
