//! The same server and client on tokio. The protocol and its limits are those of
//! [`crate::blocking`]; what is gone is the list of connections: a task can be stopped wherever it
//! waits, so a deadline is a wrapper around one call, and shutdown is a second thing to wait for.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use crate::protocol::{self, Ended, Event, Lines, Refusal, Settings, reply};

/// Serves clients until `shutdown` is ready.
///
/// # Errors
/// If the listener itself breaks. What happens to one client is no error of the server.
// ANCHOR: serve
pub async fn serve(
    listener: TcpListener,
    settings: Settings,
    shutdown: impl Future<Output = ()>,
) -> io::Result<()> {
    let permits = Arc::new(Semaphore::new(settings.max_clients));
    let mut conversations = JoinSet::new();
    tokio::pin!(shutdown);
    loop {
        let accepted = tokio::select! {
            () = &mut shutdown => break,
            accepted = listener.accept() => accepted,
            // Finished tasks are removed. Otherwise the set would only grow.
            Some(_) = conversations.join_next() => continue,
        };
        match (accepted, Arc::clone(&permits).try_acquire_owned()) {
            (Ok((stream, _)), Ok(permit)) => {
                conversations.spawn(async move {
                    serve_client(stream, settings).await;
                    drop(permit);
                });
            }
            (Ok((stream, _)), Err(_full)) => refuse_client(stream, settings),
            (Err(_), _) => sleep(Duration::from_millis(10)).await,
        }
    }
    // Every task stops where it waits; dropping its stream closes the connection.
    conversations.shutdown().await;
    Ok(())
}
// ANCHOR_END: serve

/// One client, from its first byte to its last.
async fn serve_client(mut stream: TcpStream, settings: Settings) {
    if let Err(Ended::Refused(refusal)) = converse(&mut stream, settings).await {
        (settings.observe)(Event::Refused(refusal));
        // Its result does not matter: the connection ends in any case.
        let _ = timeout(protocol::LINGER, refuse(stream, refusal)).await;
    }
}

/// The conversation: lines in, answers out, until the client has finished.
// ANCHOR: converse
async fn converse(stream: &mut TcpStream, settings: Settings) -> Result<(), Ended> {
    let mut lines = Lines::new(settings.max_line);
    loop {
        // One deadline around all that it takes to get a line and answer it.
        let round = one_line(stream, settings, &mut lines);
        match timeout(settings.line_timeout, round).await {
            Ok(Ok(Some(()))) => {}
            Ok(Ok(None)) => return Ok(()),
            Ok(Err(ended)) => return Err(ended),
            Err(_elapsed) => return Err(Refusal::TooSlow.into()),
        }
    }
}

/// Reads until there is a line, and answers it; `None` at the end.
async fn one_line(
    stream: &mut TcpStream,
    settings: Settings,
    lines: &mut Lines,
) -> Result<Option<()>, Ended> {
    let mut buf = [0; 1024];
    loop {
        if let Some(name) = lines.next_line()? {
            stream.write_all(reply(&name).as_bytes()).await?;
            return Ok(Some(()));
        }
        let n = stream.read(&mut buf).await?;
        if n == 0 {
            (settings.observe)(Event::Finished);
            return if lines.is_empty() {
                Ok(None)
            } else {
                Err(Refusal::Unfinished.into())
            };
        }
        (settings.observe)(Event::Read(&buf[..n]));
        lines.push(&buf[..n]);
    }
}
// ANCHOR_END: converse

/// Sends the reason and closes the connection; reads what is left first, see [`crate::blocking`].
async fn refuse(mut stream: TcpStream, refusal: Refusal) -> io::Result<()> {
    stream.write_all(refusal.line().as_bytes()).await?;
    stream.shutdown().await?;
    let mut rest = stream.take(protocol::LINGER_BYTES);
    tokio::io::copy(&mut rest, &mut tokio::io::sink()).await?;
    Ok(())
}

/// The limit is reached: the reason goes into the empty send buffer of a new connection without waiting.
fn refuse_client(stream: TcpStream, settings: Settings) {
    (settings.observe)(Event::Refused(Refusal::Full));
    if let Ok(mut stream) = stream.into_std() {
        let _ = io::Write::write_all(&mut stream, Refusal::Full.line().as_bytes());
    }
}

// ANCHOR: client
/// A connection to a greeting server.
#[derive(Debug)]
pub struct Client {
    stream: BufReader<TcpStream>,
    timeout: Duration,
}

impl Client {
    /// Connects. Connecting and every call may take `limit`.
    ///
    /// # Errors
    /// If no server listens there, or the system refuses.
    pub async fn connect(addr: SocketAddr, limit: Duration) -> io::Result<Self> {
        let stream = timeout(limit, TcpStream::connect(addr)).await??;
        stream.set_nodelay(true)?;
        Ok(Client {
            stream: BufReader::new(stream),
            timeout: limit,
        })
    }

    /// The greeting call: sends a name and returns the answer.
    ///
    /// # Errors
    /// As for [`crate::blocking::Client::greet`]; `TimedOut` if the whole call took too long.
    pub async fn greet(&mut self, name: &str) -> io::Result<String> {
        let request = protocol::request(name)?;
        let call = async {
            self.stream.write_all(request.as_bytes()).await?;
            let mut answer = Vec::new();
            let limit = protocol::ANSWER_LIMIT as u64;
            (&mut self.stream)
                .take(limit)
                .read_until(b'\n', &mut answer)
                .await?;
            protocol::answer(answer)
        };
        timeout(self.timeout, call).await?
    }

    /// Closes the sending side, and waits until the server has closed as well.
    ///
    /// # Errors
    /// If the connection broke before that, or the server took too long.
    pub async fn finish(mut self) -> io::Result<()> {
        match self.stream.shutdown().await {
            // The server has ended first: no connection is left to shut down.
            Err(error) if error.kind() == io::ErrorKind::NotConnected => return Ok(()),
            other => other?,
        }
        let mut rest = self.stream.take(protocol::LINGER_BYTES);
        let mut sink = tokio::io::sink();
        timeout(self.timeout, tokio::io::copy(&mut rest, &mut sink)).await??;
        Ok(())
    }
}
// ANCHOR_END: client
