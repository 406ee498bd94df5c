//! When `serve` returns, the program ends, and all tasks end with it, wherever they are. So the connections are kept in a
//! `JoinSet`. A connection is not a request: it may be open for hours between two of them. So each connection waits for the
//! shutdown where it waits for the next request, and only there. What is left in the set after that are requests, and
//! `grace` is their limit. The listener has to be dropped: the operating system accepts connections for a listener
//! that exists, and their clients would wait for a program that does not read.

use std::future::Future;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::timeout;

// Given in given.rs, beside this file: `Handler`.
pub use super::given::*;

pub async fn serve<H: Handler>(
    listener: TcpListener,
    handler: Arc<H>,
    shutdown: impl Future<Output = ()>,
    grace: Duration,
) -> usize {
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
    drop(listener);
    closing.send_replace(true);
    let all = async { while connections.join_next().await.is_some() {} };
    let _ = timeout(grace, all).await;
    // A connection that is left has a request under way.
    connections.len()
}

/// Serves one client until it leaves, or until the server closes.
async fn connection<H: Handler>(
    stream: TcpStream,
    handler: Arc<H>,
    mut closing: watch::Receiver<bool>,
) -> io::Result<()> {
    let (reader, mut writer) = stream.into_split();
    let mut requests = BufReader::new(reader).lines();
    loop {
        let request = tokio::select! {
            // In this order: a client that always has another request ready would win half of the time.
            biased;
            _ = closing.wait_for(|closing| *closing) => return Ok(()),
            request = requests.next_line() => request?,
        };
        let Some(request) = request else {
            return Ok(());
        };
        let reply = handler.handle(&request).await;
        writer.write_all(format!("{reply}\n").as_bytes()).await?;
    }
}
