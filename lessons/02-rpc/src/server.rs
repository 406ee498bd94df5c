//! The server. On each connection one loop reads requests and one task writes replies ([`crate::writer`]).
//! Between them each call is a task of its own. So a slow method delays no other call, and a reply leaves when its
//! method has returned.

use std::future::Future;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use l01_tcp::frame::{self, FrameError};
use tokio::io::{AsyncBufRead, AsyncBufReadExt, AsyncWrite, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use crate::http;
use crate::message::{self, Failure, NotAMessage, Reply, Request};
use crate::service::Services;
use crate::writer;

// ANCHOR: settings
/// Limits for what one client may cost, and an observer for the demo.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// The longest frame, in bytes, in both directions.
    pub max_frame: usize,
    /// The calls of one connection that run at the same time. At the limit the server stops
    /// reading: the next request waits in the network.
    pub max_in_flight: usize,
    /// The connections at the same time.
    pub max_connections: usize,
    /// The time for one frame, from its first byte to its last, and for a client that reads nothing.
    /// Between two frames a client may be silent without limit.
    pub frame_timeout: Duration,
    /// Called for each event; the demo prints them.
    pub observe: fn(Event<'_>),
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            max_frame: 64 * 1024,
            max_in_flight: 1024,
            max_connections: 1000,
            frame_timeout: Duration::from_secs(30),
            observe: |_| {},
        }
    }
}
// ANCHOR_END: settings

/// Something that happened on a connection, seen from either side.
#[derive(Clone, Copy, Debug)]
pub enum Event<'a> {
    /// The body of a frame has been read.
    Read(&'a [u8]),
    /// The body of a frame goes to the writer.
    Sent(&'a [u8]),
    /// The client has finished sending, at the end of a frame.
    Finished,
    /// The connection ends with an error.
    Failed(&'a ConnectionError),
}

/// The bytes that a client sends before its first frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Handshake {
    /// Nothing: the first byte belongs to the first frame.
    None,
    /// An HTTP request with the method `CONNECT`.
    HttpConnect,
}

// ANCHOR: serve
/// Serves clients until `shutdown` is ready.
///
/// # Errors
/// If the listener itself breaks. An error of one connection ends that connection only.
pub async fn serve(
    listener: TcpListener,
    handshake: Handshake,
    services: Arc<Services>,
    settings: Settings,
    shutdown: impl Future<Output = ()>,
) -> io::Result<()> {
    let permits = Arc::new(Semaphore::new(settings.max_connections));
    let mut connections = JoinSet::new();
    tokio::pin!(shutdown);
    loop {
        let accepted = tokio::select! {
            () = &mut shutdown => break,
            accepted = listener.accept() => accepted,
            Some(_) = connections.join_next() => continue,
        };
        match (accepted, Arc::clone(&permits).try_acquire_owned()) {
            (Ok((stream, _)), Ok(permit)) => {
                let services = Arc::clone(&services);
                connections.spawn(async move {
                    if let Err(error) =
                        handle_connection(stream, handshake, &services, settings).await
                    {
                        (settings.observe)(Event::Failed(&error));
                    }
                    drop(permit);
                });
            }
            // No permit: dropping the stream closes the connection. No reply can say why, because a
            // reply needs the id of a call.
            (Ok(_), Err(_)) => {}
            (Err(_), _) => sleep(Duration::from_millis(10)).await,
        }
    }
    connections.shutdown().await;
    Ok(())
}
// ANCHOR_END: serve

async fn handle_connection(
    stream: TcpStream,
    handshake: Handshake,
    services: &Arc<Services>,
    settings: Settings,
) -> Result<(), ConnectionError> {
    // Without it the system may wait for more bytes before it sends a small reply.
    stream.set_nodelay(true)?;
    let (from, mut to) = stream.into_split();
    let mut from = BufReader::new(from);
    if handshake == Handshake::HttpConnect
        && !http::open(&mut from, &mut to, settings.frame_timeout).await?
    {
        return Ok(());
    }
    converse(from, to, services, settings).await
}

/// Why a connection ended before the client had finished.
#[derive(Debug)]
pub enum ConnectionError {
    /// A frame was too long or incomplete, or the connection broke.
    Frame(FrameError),
    /// A frame that is not a request. Without the id of a call no reply can be sent.
    NotARequest,
    /// A frame did not arrive completely in time.
    Timeout,
}

impl std::fmt::Display for ConnectionError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            ConnectionError::Frame(error) => write!(f, "{error}"),
            ConnectionError::NotARequest => f.write_str("the frame is not a request"),
            ConnectionError::Timeout => f.write_str("the frame took too long"),
        }
    }
}

impl std::error::Error for ConnectionError {}

impl From<FrameError> for ConnectionError {
    fn from(error: FrameError) -> Self {
        ConnectionError::Frame(error)
    }
}

impl From<io::Error> for ConnectionError {
    fn from(error: io::Error) -> Self {
        ConnectionError::Frame(error.into())
    }
}

impl From<NotAMessage> for ConnectionError {
    fn from(_: NotAMessage) -> Self {
        ConnectionError::NotARequest
    }
}

// ANCHOR: converse
/// Serves one connection, from its first frame to its last. It works over any pair of byte streams.
///
/// # Errors
/// If the client broke the protocol or the connection broke. The calls that still run are cancelled then,
/// because their replies could not be sent.
pub async fn converse(
    mut from: impl AsyncBufRead + Unpin,
    to: impl AsyncWrite + Unpin + Send + 'static,
    services: &Arc<Services>,
    settings: Settings,
) -> Result<(), ConnectionError> {
    let (out, frames) = mpsc::channel(writer::QUEUE);
    let mut writer = tokio::spawn(writer::write_all(to, frames, settings.frame_timeout));
    let running = Arc::new(Semaphore::new(settings.max_in_flight));
    let mut calls = JoinSet::new();
    loop {
        let permit = Arc::clone(&running).acquire_owned().await;
        let Ok(permit) = permit else { break };
        let body = tokio::select! {
            // If the writer ends first, this read is dropped. That loses nothing: the connection ends.
            body = next_frame(&mut from, settings) => body?,
            written = &mut writer => return written.unwrap_or(Ok(())).map_err(Into::into),
        };
        let Some(body) = body else { break };
        (settings.observe)(Event::Read(&body));
        // Checked before the task is made: a frame that is not a request ends the connection.
        message::decode::<Request<'_>>(&body)?;
        calls.spawn(one_call(
            body,
            Arc::clone(services),
            out.clone(),
            settings,
            permit,
        ));
        while calls.try_join_next().is_some() {}
    }
    // The client has half-closed the connection, as in lesson 01. It still gets all replies.
    (settings.observe)(Event::Finished);
    drop(out);
    while calls.join_next().await.is_some() {}
    writer.await.unwrap_or(Ok(())).map_err(Into::into)
}

/// Runs one call: decodes the request, calls the method, and queues the frame of the reply.
async fn one_call(
    body: Vec<u8>,
    services: Arc<Services>,
    out: mpsc::Sender<Vec<u8>>,
    settings: Settings,
    permit: OwnedSemaphorePermit,
) {
    let Ok(request) = message::decode::<Request<'_>>(&body) else {
        return;
    };
    let outcome = services.call(request.method, request.argument).await;
    let frame = reply_frame(request.id, outcome, settings);
    // An error means that the writer has ended, and the connection with it.
    let _ = out.send(frame).await;
    drop(permit);
}
// ANCHOR_END: converse

fn reply_frame(id: u64, outcome: Result<Vec<u8>, Failure>, settings: Settings) -> Vec<u8> {
    let frame = |outcome: Result<&[u8], Failure>| {
        let body = message::encode(&Reply { id, outcome }).ok()?;
        let frame = frame::encode(&body, settings.max_frame).ok()?;
        (settings.observe)(Event::Sent(&body));
        Some(frame)
    };
    // A value that is too long fails this call, not the connection.
    frame(outcome.as_deref().map_err(Clone::clone))
        .or_else(|| frame(Err(Failure::ReplyTooLong)))
        .unwrap_or_default()
}

// ANCHOR: next_frame
/// The next frame, or `None` if the client has finished sending. The first byte may come at any time; the
/// timeout begins with it.
async fn next_frame(
    from: &mut (impl AsyncBufRead + Unpin),
    settings: Settings,
) -> Result<Option<Vec<u8>>, ConnectionError> {
    if from.fill_buf().await?.is_empty() {
        return Ok(None);
    }
    match timeout(
        settings.frame_timeout,
        frame::read_async(from, settings.max_frame),
    )
    .await
    {
        Ok(frame) => Ok(frame?),
        Err(_elapsed) => Err(ConnectionError::Timeout),
    }
}
// ANCHOR_END: next_frame
