use std::future::Future;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;

// Given in given.rs, beside this file: `Handler`.
pub use super::given::*;

/// A server for requests of one line each. A client gets a line for each of them, and keeps its connection open
/// between two requests.
///
/// When `shutdown` is ready:
///
/// * New clients are refused, by the operating system.
/// * No request is begun any more, also if it has arrived already.
/// * Requests that were begun are finished, and their clients get the reply.
/// * A connection without a request under way is closed, and is not waited for.
/// * This takes no longer than the requests need, and never longer than `grace`. After that the requests that are
///   left are cut off.
///
/// Returns how many requests were cut off. When this returns, the program ends, with all of its tasks.
pub async fn serve<H: Handler>(
    listener: TcpListener,
    handler: Arc<H>,
    shutdown: impl Future<Output = ()>,
    grace: Duration,
) -> usize {
    // Not used yet.
    let _ = grace;
    // `true` is sent here, and every connection sees it.
    let closing = watch::Sender::new(false);
    // The tasks of the connections; `join_next` waits until one has ended.
    let mut connections = JoinSet::new();
    tokio::pin!(shutdown);
    loop {
        tokio::select! {
            () = &mut shutdown => break,
            accepted = listener.accept() => if let Ok((stream, _)) = accepted {
                connections.spawn(connection(stream, Arc::clone(&handler), closing.subscribe()));
            },
            Some(_) = connections.join_next() => {}
        }
    }
    0
}

/// Serves one client until it leaves.
async fn connection<H: Handler>(
    stream: TcpStream,
    handler: Arc<H>,
    mut closing: watch::Receiver<bool>,
) -> io::Result<()> {
    let (reader, mut writer) = stream.into_split();
    let mut requests = BufReader::new(reader).lines();
    // `closing.wait_for(|closing| *closing).await` returns when the server closes.
    let _ = &mut closing;
    while let Some(request) = requests.next_line().await? {
        let reply = handler.handle(&request).await;
        writer.write_all(format!("{reply}\n").as_bytes()).await?;
    }
    Ok(())
}
