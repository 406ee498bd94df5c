//! The client of the transport on lesson 02's RPC, and the messages of both ends. Lesson 02 knows numbers,
//! names and bytes; a deadline and a status are not among them, so they travel inside: in front of each
//! message.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};

use bytes::Bytes;
use l02_rpc::client::{CallError, Client};
use l02_rpc::message::Failure;
use l02_rpc::server::Settings;
use l06_grpc::server::MESSAGE;
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncRead, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout_at};
use tonic::{Code, ConnectError, Status};

use crate::transport::{Method, late};

/// The service that answers for the health of a server; go-micro's servers have a method of this
/// name as well.
pub(super) const DEBUG: &str = "Debug";
/// With [`DEBUG`].
pub(super) const HEALTH: &str = "Health";

/// The longest frame: a message of the longest kind and what stands in front of it.
pub(super) const FRAME: usize = MESSAGE + 1024;

// ANCHOR: envelope
/// The request, as it travels to the server.
#[derive(Serialize, Deserialize)]
pub(super) struct Asked {
    /// How much time is left, in microseconds. A point in time would need two clocks that agree.
    pub left: u64,
    /// Protobuf.
    pub message: Vec<u8>,
}

/// And what comes back.
#[derive(Serialize, Deserialize)]
pub(super) enum Answered {
    /// Protobuf.
    Message(Vec<u8>),
    /// A status: its code and its words. Details do not travel.
    Status(i32, String),
}
// ANCHOR_END: envelope

/// A connection, and whether the other end has finished. A call on a finished one has certainly not run,
/// which lesson 02's client knows and does not say.
#[derive(Clone, Debug)]
pub struct Wire {
    client: Client,
    finished: Arc<AtomicBool>,
}

/// A connection to one place.
pub(crate) async fn dial(addr: SocketAddr, until: Instant) -> Result<Wire, Status> {
    let settings = Settings {
        max_frame: FRAME,
        ..Settings::default()
    };
    match timeout_at(until, TcpStream::connect(addr)).await {
        Ok(Ok(stream)) => {
            // A small request that waits for company takes longer.
            let _ = stream.set_nodelay(true);
            let (from, to) = stream.into_split();
            let finished = Arc::new(AtomicBool::new(false));
            let from = Noticing(from, Arc::clone(&finished));
            let client = Client::over(from, to, settings);
            Ok(Wire { client, finished })
        }
        Ok(Err(error)) => Err(Status::unavailable(format!(
            "{addr} does not take the connection: {error}"
        ))),
        Err(_) => Err(Status::unavailable(format!(
            "{addr} has not taken the connection in time"
        ))),
    }
}

/// Notices the end of what is read.
struct Noticing<R>(R, Arc<AtomicBool>);

impl<R: AsyncRead + Unpin> AsyncRead for Noticing<R> {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let before = buf.filled().len();
        let read = Pin::new(&mut this.0).poll_read(cx, buf);
        if let Poll::Ready(done) = &read
            && (done.is_err() || buf.filled().len() == before)
        {
            this.1.store(true, Ordering::SeqCst);
        }
        read
    }
}

/// One call on it.
pub(crate) async fn unary(
    wire: &Wire,
    method: &Method,
    message: Vec<u8>,
    until: Instant,
) -> Result<Bytes, Status> {
    let left = until.saturating_duration_since(Instant::now());
    let asked = Asked {
        left: u64::try_from(left.as_micros()).unwrap_or(u64::MAX),
        message,
    };
    let (service, name) = method.short();
    let answered = ask(wire, service, name, &asked, until).await?;
    match answered {
        Answered::Message(message) => Ok(message.into()),
        Answered::Status(code, words) => Err(Status::new(Code::from(code), words)),
    }
}

/// Asks the server whether it serves.
pub(crate) async fn serves(wire: &Wire, until: Instant) -> Result<bool, Status> {
    ask(wire, DEBUG, HEALTH, &(), until).await
}

async fn ask<V: serde::de::DeserializeOwned>(
    wire: &Wire,
    service: &str,
    method: &str,
    argument: &impl Serialize,
    until: Instant,
) -> Result<V, Status> {
    if wire.finished.load(Ordering::SeqCst) {
        let words = "the other end had finished before the call was made";
        let mut status = Status::unavailable(words);
        // What lesson 12 looks for: no server was reached, so nothing has run.
        status.set_source(Arc::new(ConnectError(words.into())));
        return Err(status);
    }
    let full = format!("{service}.{method}");
    let call = wire.client.call(&full, argument);
    let outcome = timeout_at(until, call).await.map_err(|_| late())?;
    outcome.map_err(status)
}

/// What lesson 02 knows, as the statuses that all callers here branch on.
fn status(error: CallError) -> Status {
    let words = error.to_string();
    match error {
        CallError::Server(Failure::NoService(_) | Failure::NoMethod(_)) => {
            Status::unimplemented(words)
        }
        CallError::Server(Failure::ReplyTooLong) | CallError::Argument(_) => {
            Status::resource_exhausted(words)
        }
        CallError::Server(_) | CallError::Value => Status::internal(words),
        CallError::Lost(_) => Status::unavailable(format!("{words}; the call may have run")),
        CallError::Timeout => late(),
    }
}
