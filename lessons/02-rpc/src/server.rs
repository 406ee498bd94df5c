//! Connections in, calls out to the methods, replies back as they get ready. On each connection
//! one loop reads and one task writes ([`crate::outbox`]); between them every call is a task of
//! its own. So a slow method holds up no other, and replies leave in the order in which they are done.

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
use crate::outbox;
use crate::service::Services;

// ANCHOR: settings
/// What one peer may cost, and an observer of what happens.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// The longest frame, in bytes, in both directions.
    pub frame: usize,
    /// How many calls of one connection run at the same time. At the limit the server stops
    /// reading: the next call waits in the network, and costs nothing here.
    pub in_flight: usize,
    /// How many connections at the same time.
    pub connections: usize,
    /// The time for one frame, from its first byte to its last, and for a peer that takes no
    /// bytes. Between two calls a client may be silent as long as it likes.
    pub time: Duration,
    /// Is told what is read and written; for the demo.
    pub observe: fn(Event<'_>),
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            frame: 64 * 1024,
            in_flight: 1024,
            connections: 1000,
            time: Duration::from_secs(30),
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
    /// The body of a frame is on its way out.
    Sent(&'a [u8]),
    /// The other side has finished, and nothing is half done.
    Finished,
    /// The other side broke a rule; the connection ends.
    Refused(&'a Ended),
}

/// How clients come in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Door {
    /// The first byte belongs to the first frame.
    Plain,
    /// A web server; `CONNECT` leads through to the calls.
    Http,
}

// ANCHOR: serve
/// Serves clients until `shutdown` is ready.
///
/// # Errors
///
/// If the listener itself breaks. What happens to one client is no error of the server.
pub async fn serve(
    listener: TcpListener,
    door: Door,
    services: Arc<Services>,
    settings: Settings,
    shutdown: impl Future<Output = ()>,
) -> io::Result<()> {
    let seats = Arc::new(Semaphore::new(settings.connections));
    let mut connections = JoinSet::new();
    tokio::pin!(shutdown);
    loop {
        let accepted = tokio::select! {
            () = &mut shutdown => break,
            accepted = listener.accept() => accepted,
            Some(_) = connections.join_next() => continue,
        };
        match (accepted, Arc::clone(&seats).try_acquire_owned()) {
            (Ok((stream, _)), Ok(seat)) => {
                let services = Arc::clone(&services);
                connections.spawn(async move {
                    if let Err(ended) = host_one(stream, door, &services, settings).await {
                        (settings.observe)(Event::Refused(&ended));
                    }
                    drop(seat);
                });
            }
            // No seat: the stream is dropped, and that hangs up. No frame could say why, since
            // every reply needs the number of a call.
            (Ok(_), Err(_)) => {}
            (Err(_), _) => sleep(Duration::from_millis(10)).await,
        }
    }
    connections.shutdown().await;
    Ok(())
}
// ANCHOR_END: serve

async fn host_one(
    stream: TcpStream,
    door: Door,
    services: &Arc<Services>,
    settings: Settings,
) -> Result<(), Ended> {
    // Else the system may wait for more bytes before it sends a small reply.
    stream.set_nodelay(true)?;
    let (from, mut to) = stream.into_split();
    let mut from = BufReader::new(from);
    if door == Door::Http && !http::open(&mut from, &mut to, settings.time).await? {
        return Ok(());
    }
    converse(from, to, services, settings).await
}

/// Why a connection ended before the client had finished.
#[derive(Debug)]
pub enum Ended {
    /// A frame was too long, cut off, or the connection broke.
    Frame(FrameError),
    /// A frame that holds no request. Without the number of a call no reply can be sent.
    NotARequest,
    /// A frame was begun and not completed in time.
    TooSlow,
}

impl std::fmt::Display for Ended {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Ended::Frame(error) => write!(f, "{error}"),
            Ended::NotARequest => f.write_str("a frame that is no request"),
            Ended::TooSlow => f.write_str("a frame took too long"),
        }
    }
}

impl std::error::Error for Ended {}

impl From<FrameError> for Ended {
    fn from(error: FrameError) -> Self {
        Ended::Frame(error)
    }
}

impl From<io::Error> for Ended {
    fn from(error: io::Error) -> Self {
        Ended::Frame(error.into())
    }
}

impl From<NotAMessage> for Ended {
    fn from(_: NotAMessage) -> Self {
        Ended::NotARequest
    }
}

// ANCHOR: converse
/// One connection, from its first frame to its last. Works over anything that carries bytes.
///
/// # Errors
///
/// If the client broke a rule or the connection broke. What still runs for it is stopped then:
/// no caller waits for the replies.
pub async fn converse(
    mut from: impl AsyncBufRead + Unpin,
    to: impl AsyncWrite + Unpin + Send + 'static,
    services: &Arc<Services>,
    settings: Settings,
) -> Result<(), Ended> {
    let (out, frames) = mpsc::channel(outbox::ROOM);
    let mut writer = tokio::spawn(outbox::write_all(to, frames, settings.time));
    let running = Arc::new(Semaphore::new(settings.in_flight));
    let mut calls = JoinSet::new();
    loop {
        let permit = Arc::clone(&running).acquire_owned().await;
        let Ok(permit) = permit else { break };
        let body = tokio::select! {
            // Not torn by the other branches: both of them end the connection.
            body = next_frame(&mut from, settings) => body?,
            written = &mut writer => return written.unwrap_or(Ok(())).map_err(Into::into),
        };
        let Some(body) = body else { break };
        (settings.observe)(Event::Read(&body));
        // Looked at before the task is made: a frame that is no request ends the connection.
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
    // The client has finished asking. It still gets its answers: half-close, as in lesson 01.
    (settings.observe)(Event::Finished);
    drop(out);
    while calls.join_next().await.is_some() {}
    writer.await.unwrap_or(Ok(())).map_err(Into::into)
}

/// One call: from the body of a request to the frame of its reply.
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
    // An error means that the connection is gone: no caller waits any more.
    let _ = out.send(frame).await;
    drop(permit);
}
// ANCHOR_END: converse

fn reply_frame(id: u64, outcome: Result<Vec<u8>, Failure>, settings: Settings) -> Vec<u8> {
    let frame = |outcome: Result<&[u8], Failure>| {
        let body = message::encode(&Reply { id, outcome }).ok()?;
        let frame = frame::encode(&body, settings.frame).ok()?;
        (settings.observe)(Event::Sent(&body));
        Some(frame)
    };
    // What is too long to be sent is one failed call, not a broken connection.
    frame(outcome.as_deref().map_err(Clone::clone))
        .or_else(|| frame(Err(Failure::ReplyTooLong)))
        .unwrap_or_default()
}

// ANCHOR: next_frame
/// The next frame, or `None` if the client has finished. Waiting for a call may take for ever; from
/// its first byte on the clock runs.
async fn next_frame(
    from: &mut (impl AsyncBufRead + Unpin),
    settings: Settings,
) -> Result<Option<Vec<u8>>, Ended> {
    if from.fill_buf().await?.is_empty() {
        return Ok(None);
    }
    match timeout(settings.time, frame::read_async(from, settings.frame)).await {
        Ok(frame) => Ok(frame?),
        Err(_elapsed) => Err(Ended::TooSlow),
    }
}
// ANCHOR_END: next_frame
