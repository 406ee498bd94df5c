//! What makes a program of a server: lesson 01's, for a server on tokio. Lesson 04 uses it as well.

use std::future::Future;
use std::io::{self, Read};
use std::net::SocketAddr;
use std::thread;

use l01_tcp::listen::signals;
pub use l01_tcp::listen::taken;
use tokio::net::TcpListener;
use tokio::sync::oneshot;

/// Listens on `addr`; port 0 is any free one.
///
/// # Errors
/// If it cannot, in the words of [`taken`].
pub async fn bind(addr: SocketAddr) -> anyhow::Result<TcpListener> {
    TcpListener::bind(addr)
        .await
        .map_err(|error| taken(addr, &error))
}

/// Is ready on Ctrl-C and SIGTERM; `with_stdin` also when the standard input ends, for a server that
/// another program starts: that one may be killed. Call it inside of a tokio runtime.
///
/// # Errors
/// If the system does not let it wait for signals.
pub fn on_signal(with_stdin: bool) -> io::Result<impl Future<Output = ()> + Send> {
    let (end, ended) = oneshot::channel::<()>();
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
