//! Many calls in flight on one connection. A call leaves its number and a place for the answer in
//! a table; one task reads replies and looks there whose they are. Everything else in here is
//! about calls that get no reply: a lost connection, a caller that gave up, a server that is silent.

use std::collections::HashMap;
use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use l01_tcp::frame::{self, FrameError};
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::io::{AsyncRead, AsyncWrite, BufReader};
use tokio::net::TcpStream;
use tokio::sync::{Semaphore, mpsc, oneshot};
use tokio::time::timeout;

use crate::http;
use crate::message::{self, Failure, Reply, Request};
use crate::outbox;
use crate::server::{Event, Settings};

/// Why a call gave no value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CallError {
    /// The server answered: it failed. The connection is fine.
    Server(Failure),
    /// The connection ended. The method may have run, and may not have.
    Lost(String),
    /// No answer in time. Again: it may have run, and it may still run.
    TooSlow,
    /// The argument cannot be sent. Nothing has left this program.
    Argument(String),
    /// A value came, and it is not of the type this caller expects.
    Value,
}

impl fmt::Display for CallError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            CallError::Server(failure) => write!(f, "{failure}"),
            CallError::Lost(why) => write!(f, "the connection is lost: {why}"),
            CallError::TooSlow => f.write_str("no answer in time; it may have run all the same"),
            CallError::Argument(why) => write!(f, "the argument cannot be sent: {why}"),
            CallError::Value => f.write_str("the value is not of the expected type"),
        }
    }
}

impl std::error::Error for CallError {}

type Answer = Result<Vec<u8>, CallError>;

/// A connection to a server. Cloning it is cheap, and all clones share the connection; it ends
/// when the last one is dropped.
#[derive(Clone, Debug)]
pub struct Client {
    calls: Arc<Calls>,
    out: mpsc::Sender<Vec<u8>>,
    settings: Settings,
}

// ANCHOR: calls
/// The calls that wait for an answer.
#[derive(Debug)]
struct Calls {
    table: Mutex<Table>,
    room: Semaphore,
}

#[derive(Debug, Default)]
struct Table {
    last: u64,
    waiting: HashMap<u64, oneshot::Sender<Answer>>,
    /// Once set, no call may begin to wait: no reply can come any more.
    lost: Option<CallError>,
}

impl Calls {
    /// Every change of the table is made in one piece, so a panic elsewhere has not broken it.
    fn table(&self) -> MutexGuard<'_, Table> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A number for a new call, and the place where its answer will be.
    fn begin(&self) -> Result<(Waiting<'_>, oneshot::Receiver<Answer>), CallError> {
        let mut table = self.table();
        if let Some(lost) = &table.lost {
            return Err(lost.clone());
        }
        table.last += 1;
        let id = table.last;
        let (tell, answer) = oneshot::channel();
        table.waiting.insert(id, tell);
        Ok((Waiting { id, calls: self }, answer))
    }

    /// Gives an answer to the call that waits for it. None does if the call was cancelled.
    fn answered(&self, id: u64, answer: Answer) {
        let waiting = self.table().waiting.remove(&id);
        if let Some(tell) = waiting {
            let _ = tell.send(answer);
        }
    }

    /// Fails all calls that wait, at once, and all that come later.
    fn lost(&self, why: &str) {
        let mut table = self.table();
        let lost = CallError::Lost(why.to_string());
        for (_, tell) in table.waiting.drain() {
            let _ = tell.send(Err(lost.clone()));
        }
        table.lost.get_or_insert(lost);
    }
}

/// An entry in the table, for as long as this value lives. A call that is cancelled (its future is
/// dropped) drops this with it, so it leaves nothing behind, wherever it was.
struct Waiting<'c> {
    id: u64,
    calls: &'c Calls,
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.calls.table().waiting.remove(&self.id);
    }
}
// ANCHOR_END: calls

impl Client {
    /// Dials a server.
    ///
    /// # Errors
    ///
    /// If no server listens there, or the system refuses.
    pub async fn connect(addr: SocketAddr, settings: Settings) -> io::Result<Self> {
        let stream = timeout(settings.time, TcpStream::connect(addr)).await??;
        stream.set_nodelay(true)?;
        let (from, to) = stream.into_split();
        Ok(Client::over(from, to, settings))
    }

    /// Dials a server behind HTTP, and asks to be led through to the calls.
    ///
    /// # Errors
    ///
    /// As for [`Client::connect`], and if what answers there is not such a server.
    pub async fn connect_http(addr: SocketAddr, settings: Settings) -> io::Result<Self> {
        let stream = timeout(settings.time, TcpStream::connect(addr)).await??;
        stream.set_nodelay(true)?;
        let (from, mut to) = stream.into_split();
        let mut from = BufReader::new(from);
        timeout(settings.time, http::upgrade(&mut from, &mut to, addr)).await??;
        Ok(Client::over(from, to, settings))
    }

    // ANCHOR: over
    /// A client over anything that carries bytes. Two tasks belong to it, one reads, one writes.
    pub fn over(
        from: impl AsyncRead + Unpin + Send + 'static,
        to: impl AsyncWrite + Unpin + Send + 'static,
        settings: Settings,
    ) -> Self {
        let (out, frames) = mpsc::channel(outbox::ROOM);
        let calls = Arc::new(Calls {
            table: Mutex::default(),
            room: Semaphore::new(settings.in_flight),
        });
        let of_task = Arc::clone(&calls);
        tokio::spawn(async move {
            let why = tokio::select! {
                why = read_replies(BufReader::new(from), &of_task, settings) => why,
                // Ends with Ok when the last clone of the client is dropped: no call waits then.
                written = outbox::write_all(to, frames, settings.time) => match written {
                    Ok(()) => "this side has finished".to_string(),
                    Err(error) => error.to_string(),
                },
            };
            of_task.lost(&why);
        });
        Client {
            calls,
            out,
            settings,
        }
    }
    // ANCHOR_END: over

    // ANCHOR: call
    /// Calls a method and waits for its value. Any number of calls may wait at the same time.
    ///
    /// Dropping the future cancels the *waiting*. The request may be on its way, and then the
    /// method runs: what has been sent cannot be taken back.
    ///
    /// # Errors
    ///
    /// If there is no value; [`CallError`] says what can be known.
    pub async fn call<V: DeserializeOwned>(
        &self,
        method: &str,
        argument: &impl Serialize,
    ) -> Result<V, CallError> {
        let argument =
            message::encode(argument).map_err(|error| CallError::Argument(error.to_string()))?;
        // Held until the answer is there: so many may wait, the others wait for their turn.
        let _room = self.calls.room.acquire().await;
        let (waiting, answer) = self.calls.begin()?;
        let request = Request {
            id: waiting.id,
            method,
            argument: &argument,
        };
        let frame = request_frame(&request, self.settings)?;
        if self.out.send(frame).await.is_err() {
            // The writing task has ended. The reason is on its way to the table, or already there.
            self.calls.lost("the connection ended");
        }
        let value = answer
            .await
            .unwrap_or_else(|_| Err(CallError::Lost("nobody reads".to_string())))?;
        message::decode_owned(&value).map_err(|_| CallError::Value)
    }
    // ANCHOR_END: call

    /// As [`Client::call`], and waits no longer than `patience`.
    ///
    /// # Errors
    ///
    /// As for [`Client::call`], and [`CallError::TooSlow`].
    pub async fn call_within<V: DeserializeOwned>(
        &self,
        patience: Duration,
        method: &str,
        argument: &impl Serialize,
    ) -> Result<V, CallError> {
        timeout(patience, self.call(method, argument))
            .await
            .unwrap_or(Err(CallError::TooSlow))
    }

    /// How many calls wait for an answer.
    pub fn in_flight(&self) -> usize {
        self.calls.table().waiting.len()
    }
}

fn request_frame(request: &Request<'_>, settings: Settings) -> Result<Vec<u8>, CallError> {
    let too_long = |error: &dyn fmt::Display| CallError::Argument(error.to_string());
    let body = message::encode(request).map_err(|error| too_long(&error))?;
    let frame = frame::encode(&body, settings.frame).map_err(|error| too_long(&error))?;
    (settings.observe)(Event::Sent(&body));
    Ok(frame)
}

// ANCHOR: read_replies
/// Reads replies and hands them out until there are no more. Returns why.
async fn read_replies(
    mut from: impl AsyncRead + Unpin,
    calls: &Calls,
    settings: Settings,
) -> String {
    loop {
        let body = match frame::read_async(&mut from, settings.frame).await {
            Ok(Some(body)) => body,
            Ok(None) => return "the server has finished".to_string(),
            Err(FrameError::Io(error)) => return error.to_string(),
            Err(error) => return error.to_string(),
        };
        (settings.observe)(Event::Read(&body));
        let Ok(reply) = message::decode::<Reply<'_>>(&body) else {
            return "the server sent something that is no reply".to_string();
        };
        let answer = reply.outcome.map(<[u8]>::to_vec).map_err(CallError::Server);
        calls.answered(reply.id, answer);
    }
}
// ANCHOR_END: read_replies
