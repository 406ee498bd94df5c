//! What every server program needs around its server: a port, a line that says which one, and an end
//! when the program is asked to stop.

use std::io::{self, Write};
use std::net::SocketAddr;
use std::sync::mpsc;
use std::thread;

use tokio::net::TcpListener;
use tokio::sync::watch;

/// Listens on `addr`; port 0 takes any free port. `example` is an option that would work instead, such
/// as `--addr 127.0.0.1:8801`.
///
/// # Errors
/// If the system refuses, in the words of [`taken`].
pub async fn bind(addr: SocketAddr, example: &str) -> anyhow::Result<TcpListener> {
    let listener = TcpListener::bind(addr).await;
    listener.map_err(|error| taken(addr, example, &error))
}

/// The common errors of `bind` in words that say what to do. `example` is an option that would work
/// instead, such as `--addr 127.0.0.1:8081`.
pub fn taken(addr: SocketAddr, example: &str, error: &io::Error) -> anyhow::Error {
    let words = match error.kind() {
        io::ErrorKind::AddrInUse => format!(
            "another program listens there already. Stop it, or choose another port, for example {example}"
        ),
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

/// Prints one line and flushes it. A closed standard output is ignored: the program that read it has
/// ended, and that is no reason to panic in the middle of a call.
pub fn tell(line: &str) {
    let mut out = io::stdout().lock();
    let _ = writeln!(out, "{line}").and_then(|()| out.flush());
}

/// Turns true on Ctrl-C (SIGINT) and SIGTERM; `with_stdin` also when the standard input ends, for a
/// server that another program starts and that must not outlive it. A signal counts from the return of
/// this function on, so call it before the line that says that the server listens. Call it inside of a
/// tokio runtime.
///
/// # Errors
/// If the system does not let the program wait for signals.
pub fn on_signal(with_stdin: bool) -> io::Result<watch::Receiver<bool>> {
    watch_for(signals()?, with_stdin)
}

/// [`on_signal`], and also on SIGHUP, which a terminal sends when it closes.
///
/// # Errors
/// As for [`on_signal`].
pub fn on_signal_or_hang_up() -> io::Result<watch::Receiver<bool>> {
    #[cfg(unix)]
    let mut hang_up = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::hangup())?;
    let signals = signals()?;
    let either = async move {
        #[cfg(unix)]
        tokio::select! {
            _ = hang_up.recv() => {}
            () = signals => {}
        }
        #[cfg(not(unix))]
        signals.await;
    };
    watch_for(either, false)
}

fn watch_for(
    asked: impl Future<Output = ()> + Send + 'static,
    with_stdin: bool,
) -> io::Result<watch::Receiver<bool>> {
    let (stop, stopped) = watch::channel(false);
    if with_stdin {
        let stop = stop.clone();
        at_end_of_stdin(move || {
            let _ = stop.send(true);
        });
    }
    tokio::spawn(async move {
        asked.await;
        let _ = stop.send(true);
    });
    Ok(stopped)
}

/// Waits until `stop` is true: the future that servers take as their shutdown.
pub async fn stopped(mut stop: watch::Receiver<bool>) {
    let _ = stop.wait_for(|stop| *stop).await;
}

/// [`on_signal`] for a program without a tokio runtime: a message comes on Ctrl-C, SIGTERM and, if asked
/// for, the end of the standard input. A thread with a small runtime waits for the signals, because the
/// standard library does not offer them.
///
/// # Errors
/// If the system does not let the program wait for signals.
pub fn on_signal_blocking(with_stdin: bool) -> io::Result<mpsc::Receiver<()>> {
    let (stop, stopped) = mpsc::channel();
    if with_stdin {
        let stop = stop.clone();
        at_end_of_stdin(move || {
            let _ = stop.send(());
        });
    }
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    // Registered before the return: a signal right after it counts.
    let signals = {
        let _inside = runtime.enter();
        signals()?
    };
    thread::spawn(move || {
        runtime.block_on(signals);
        let _ = stop.send(());
    });
    Ok(stopped)
}

/// A thread of its own: reading standard input cannot be cancelled, and a runtime waits at its end for
/// the tasks that it has started itself.
fn at_end_of_stdin(run: impl FnOnce() + Send + 'static) {
    thread::spawn(move || {
        let _ = io::copy(&mut io::stdin(), &mut io::sink());
        run();
    });
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
