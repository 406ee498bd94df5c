//! Many calls in flight on one connection. Each call has an entry in the table of pending calls: its id,
//! and the channel on which its caller waits. One task reads the replies and finds the entry by the id. The rest of
//! the file is about calls that get no reply: a lost connection, a cancelled call, a silent server.

use std::collections::HashMap;
use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use l01_tcp::frame;
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::io::{AsyncRead, AsyncWrite, BufReader};
use tokio::net::TcpStream;
use tokio::sync::{Semaphore, mpsc, oneshot};
use tokio::time::timeout;

use crate::http;
use crate::message::{self, Failure, Reply, Request};
use crate::server::{Event, Settings};
use crate::writer;

/// Why a call gave no value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CallError {
    /// The reply is an error. The connection still works.
    Server(Failure),
    /// The connection ended before the reply. The method has run, or has not.
    Lost(String),
    /// No reply in time. The method has run, or has not, or is still running.
    Timeout,
    /// The argument cannot be encoded, or is too long. Nothing was sent.
    Argument(String),
    /// The reply's value does not have the type that the caller expects.
    Value,
}

impl fmt::Display for CallError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            CallError::Server(failure) => write!(f, "{failure}"),
            CallError::Lost(why) => write!(f, "the connection is lost: {why}"),
            CallError::Timeout => f.write_str("no reply in time; the method may have run"),
            CallError::Argument(why) => write!(f, "the argument cannot be sent: {why}"),
            CallError::Value => f.write_str("the value is not of the expected type"),
        }
    }
}

impl std::error::Error for CallError {}

type Answer = Result<Vec<u8>, CallError>;

/// A connection to a server. Cloning is cheap, and all clones share the connection. It ends
/// when the last clone is dropped.
#[derive(Clone, Debug)]
pub struct Client {
    calls: Arc<PendingCalls>,
    out: mpsc::Sender<Vec<u8>>,
    settings: Settings,
}

// ANCHOR: calls
/// The calls of one connection that have no reply yet.
#[derive(Debug)]
struct PendingCalls {
    table: Mutex<Table>,
    /// One permit for each call in flight.
    permits: Semaphore,
}

#[derive(Debug, Default)]
struct Table {
    last_id: u64,
    pending: HashMap<u64, oneshot::Sender<Answer>>,
    /// Set when the connection is lost: no reply can come any more, so a new call fails at once.
    lost: Option<CallError>,
}

impl PendingCalls {
    /// No code panics while it holds the lock, so a poisoned lock is as good as any other.
    fn table(&self) -> MutexGuard<'_, Table> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes an entry for a new call. Its answer arrives on the receiver.
    fn begin(&self) -> Result<(PendingCall<'_>, oneshot::Receiver<Answer>), CallError> {
        let mut table = self.table();
        if let Some(lost) = &table.lost {
            return Err(lost.clone());
        }
        table.last_id += 1;
        let id = table.last_id;
        let (sender, answer) = oneshot::channel();
        table.pending.insert(id, sender);
        Ok((PendingCall { id, calls: self }, answer))
    }

    /// Passes an answer to the call with this id. There is none if the call was cancelled.
    fn complete(&self, id: u64, answer: Answer) {
        let pending = self.table().pending.remove(&id);
        if let Some(sender) = pending {
            let _ = sender.send(answer);
        }
    }

    /// Fails all pending calls at once, and every later call.
    fn fail_all(&self, why: &str) {
        let mut table = self.table();
        let lost = CallError::Lost(why.to_string());
        for (_, sender) in table.pending.drain() {
            let _ = sender.send(Err(lost.clone()));
        }
        table.lost.get_or_insert(lost);
    }
}

/// An entry in the table, for as long as this value lives. A cancelled call (its future is dropped) drops
/// this value too, so its entry is removed wherever the future was waiting.
struct PendingCall<'c> {
    id: u64,
    calls: &'c PendingCalls,
}

impl Drop for PendingCall<'_> {
    fn drop(&mut self) {
        self.calls.table().pending.remove(&self.id);
    }
}
// ANCHOR_END: calls

impl Client {
    /// Connects to a server.
    ///
    /// # Errors
    /// If no server listens there, or the system refuses.
    pub async fn connect(addr: SocketAddr, settings: Settings) -> io::Result<Self> {
        let stream = timeout(settings.frame_timeout, TcpStream::connect(addr)).await??;
        stream.set_nodelay(true)?;
        let (from, to) = stream.into_split();
        Ok(Client::over(from, to, settings))
    }

    /// Connects to a server behind HTTP, and switches the connection to RPC with `CONNECT`.
    ///
    /// # Errors
    /// As for [`Client::connect`], and if that server offers no RPC.
    pub async fn connect_http(addr: SocketAddr, settings: Settings) -> io::Result<Self> {
        let stream = timeout(settings.frame_timeout, TcpStream::connect(addr)).await??;
        stream.set_nodelay(true)?;
        let (from, mut to) = stream.into_split();
        let mut from = BufReader::new(from);
        timeout(
            settings.frame_timeout,
            http::upgrade(&mut from, &mut to, addr),
        )
        .await??;
        Ok(Client::over(from, to, settings))
    }

    // ANCHOR: over
    /// A client over any pair of byte streams. Its task reads replies and writes requests at the same time.
    pub fn over(
        from: impl AsyncRead + Unpin + Send + 'static,
        to: impl AsyncWrite + Unpin + Send + 'static,
        settings: Settings,
    ) -> Self {
        let (out, frames) = mpsc::channel(writer::QUEUE);
        let calls = Arc::new(PendingCalls {
            table: Mutex::default(),
            permits: Semaphore::new(settings.max_in_flight),
        });
        let of_task = Arc::clone(&calls);
        tokio::spawn(async move {
            let why = tokio::select! {
                why = read_replies(BufReader::new(from), &of_task, settings) => why,
                // Ok: the last clone of the client was dropped, so no call is pending.
                written = writer::write_all(to, frames, settings.frame_timeout) => match written {
                    Ok(()) => "this side has finished".to_string(),
                    Err(error) => error.to_string(),
                },
            };
            of_task.fail_all(&why);
        });
        Client {
            calls,
            out,
            settings,
        }
    }
    // ANCHOR_END: over

    // ANCHOR: call
    /// Calls a method and waits for its value. Many calls may be in flight at the same time.
    ///
    /// Dropping the future cancels the *waiting* only. A request that has been sent still runs.
    ///
    /// # Errors
    /// If there is no value; [`CallError`] says what the caller can know.
    pub async fn call<V: DeserializeOwned>(
        &self,
        method: &str,
        argument: &impl Serialize,
    ) -> Result<V, CallError> {
        let argument =
            message::encode(argument).map_err(|error| CallError::Argument(error.to_string()))?;
        // Held until the answer is there; it limits the calls in flight.
        let _permit = self.calls.permits.acquire().await;
        let (pending, answer) = self.calls.begin()?;
        let request = Request {
            id: pending.id,
            method,
            argument: &argument,
        };
        let frame = request_frame(&request, self.settings)?;
        if self.out.send(frame).await.is_err() {
            // The writer has ended. Its reason may reach the table a moment later.
            self.calls.fail_all("the connection ended");
        }
        let value = answer.await.unwrap_or_else(|_| {
            Err(CallError::Lost("the task that reads has ended".to_string()))
        })?;
        message::decode_owned(&value).map_err(|_| CallError::Value)
    }
    // ANCHOR_END: call

    /// As [`Client::call`], and waits no longer than `limit`.
    ///
    /// # Errors
    /// As for [`Client::call`], and [`CallError::Timeout`].
    pub async fn call_within<V: DeserializeOwned>(
        &self,
        limit: Duration,
        method: &str,
        argument: &impl Serialize,
    ) -> Result<V, CallError> {
        timeout(limit, self.call(method, argument))
            .await
            .unwrap_or(Err(CallError::Timeout))
    }

    /// The number of pending calls.
    pub fn in_flight(&self) -> usize {
        self.calls.table().pending.len()
    }
}

fn request_frame(request: &Request<'_>, settings: Settings) -> Result<Vec<u8>, CallError> {
    let too_long = |error: &dyn fmt::Display| CallError::Argument(error.to_string());
    let body = message::encode(request).map_err(|error| too_long(&error))?;
    let frame = frame::encode(&body, settings.max_frame).map_err(|error| too_long(&error))?;
    (settings.observe)(Event::Sent(&body));
    Ok(frame)
}

// ANCHOR: read_replies
/// Reads replies and passes each to its call, until no more can come. Returns the reason.
async fn read_replies(
    mut from: impl AsyncRead + Unpin,
    calls: &PendingCalls,
    settings: Settings,
) -> String {
    loop {
        let body = match frame::read_async(&mut from, settings.max_frame).await {
            Ok(Some(body)) => body,
            Ok(None) => return "the server has finished".to_string(),
            Err(error) => return error.to_string(),
        };
        (settings.observe)(Event::Read(&body));
        let Ok(reply) = message::decode::<Reply<'_>>(&body) else {
            return "the server sent a frame that is not a reply".to_string();
        };
        let answer = reply.outcome.map(<[u8]>::to_vec).map_err(CallError::Server);
        calls.complete(reply.id, answer);
    }
}
// ANCHOR_END: read_replies
