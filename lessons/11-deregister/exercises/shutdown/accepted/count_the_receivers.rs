//! Accepted: tasks that are not kept; the receivers of the watch channel count the connections.

use std::future::Future;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
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
    tokio::pin!(shutdown);
    loop {
        tokio::select! {
            () = &mut shutdown => break,
            accepted = listener.accept() => if let Ok((stream, _)) = accepted {
                tokio::spawn(connection(stream, Arc::clone(&handler), closing.subscribe()));
            },
        }
    }
    drop(listener);
    closing.send_replace(true);
    // Each connection has a receiver.
    let _ = timeout(grace, closing.closed()).await;
    closing.receiver_count()
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
