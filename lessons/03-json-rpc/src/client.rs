//! A client for both dialects. Many calls may be pending on one connection: each has an id and waits for
//! the reply with that id. Two tasks serve the connection, one writes and one reads. A call sends them
//! messages and does not use the socket, so a cancelled call leaves no half-written request behind.

use std::collections::HashMap;
use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;
use tokio::time::timeout;

use crate::json;
use crate::split::Split;

/// The protocol that a client uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// JSON-RPC 2.0, a message a line.
    Lines,
    /// Go's dialect of 1.0.
    Go,
}

/// Why a call has no result. After `Remote` the method has failed. After the others the caller does not
/// know whether the method ran.
#[derive(Clone, Debug, PartialEq)]
pub enum CallError {
    /// The server answered with an error; 2.0 gives it a number.
    Remote {
        /// The number, where the dialect has one.
        code: Option<i64>,
        /// The words.
        message: String,
    },
    /// The connection has ended, or the bytes on it were not a reply.
    Lost,
    /// No reply within the time.
    TimedOut,
}

impl fmt::Display for CallError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            CallError::Remote {
                code: Some(code),
                message,
            } => write!(f, "{message} ({code})"),
            CallError::Remote {
                code: None,
                message,
            } => f.write_str(message),
            CallError::Lost => f.write_str("the connection was lost before the reply came"),
            CallError::TimedOut => f.write_str("no reply came in time"),
        }
    }
}

impl std::error::Error for CallError {}

type Outcome = Result<Value, CallError>;

/// The longest reply in bytes, and the most requests that may wait to be written.
const REPLY: usize = 4 * 1024 * 1024;
const WAITING: usize = 64;

/// Calls whose reply has not come; `None` once the connection has ended.
#[derive(Debug)]
struct Pending(Mutex<Option<HashMap<u64, oneshot::Sender<Outcome>>>>);

impl Pending {
    /// No code that holds the lock can panic, so a poisoned lock holds a valid table.
    fn lock(&self) -> MutexGuard<'_, Option<HashMap<u64, oneshot::Sender<Outcome>>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A connection to a server.
#[derive(Debug)]
pub struct Client {
    dialect: Dialect,
    limit: Duration,
    next: AtomicU64,
    pending: Arc<Pending>,
    requests: mpsc::Sender<Vec<u8>>,
    reader: JoinHandle<()>,
}

/// An entry in the table of pending calls. It is dropped with its call, also if the call is cancelled.
/// Otherwise the table would grow with each call that gets no reply.
struct Entry<'c>(&'c Client, u64);

impl Drop for Entry<'_> {
    fn drop(&mut self) {
        if let Some(calls) = self.0.pending.lock().as_mut() {
            calls.remove(&self.1);
        }
    }
}

impl Client {
    /// Connects. `limit` is the longest time for connecting and for each call.
    ///
    /// # Errors
    /// If no server listens there, or the system refuses.
    pub async fn connect(addr: SocketAddr, dialect: Dialect, limit: Duration) -> io::Result<Self> {
        let stream = timeout(limit, TcpStream::connect(addr)).await??;
        stream.set_nodelay(true)?;
        let (read, write) = stream.into_split();
        let pending = Arc::new(Pending(Mutex::new(Some(HashMap::new()))));
        let (requests, waiting) = mpsc::channel(WAITING);
        tokio::spawn(send(write, waiting));
        let reader = tokio::spawn(receive(read, dialect, Arc::clone(&pending)));
        Ok(Client {
            dialect,
            limit,
            next: AtomicU64::new(1),
            pending,
            requests,
            reader,
        })
    }

    // ANCHOR: call
    /// Calls a method with one argument.
    ///
    /// # Errors
    /// See [`CallError`].
    pub async fn call(&self, method: &str, argument: Value) -> Outcome {
        let id = self.next.fetch_add(1, Ordering::Relaxed);
        let (sender, reply) = oneshot::channel();
        match self.pending.lock().as_mut() {
            Some(calls) => calls.insert(id, sender),
            None => return Err(CallError::Lost),
        };
        let _entry = Entry(self, id);
        let request = request(self.dialect, method, argument, id);
        let call = async {
            let sent = self.requests.send(request).await;
            sent.map_err(|_| CallError::Lost)?;
            // The reading task drops the sender when the connection ends.
            reply.await.unwrap_or(Err(CallError::Lost))
        };
        timeout(self.limit, call)
            .await
            .unwrap_or(Err(CallError::TimedOut))
    }
    // ANCHOR_END: call

    /// The number of pending calls.
    pub fn pending_calls(&self) -> usize {
        self.pending.lock().as_ref().map_or(0, HashMap::len)
    }
}

impl Drop for Client {
    /// The writing task ends with its channel; the reading task must be ended.
    fn drop(&mut self) {
        self.reader.abort();
    }
}

// ANCHOR: request
/// Returns the request of a call, in either dialect.
pub fn request(dialect: Dialect, method: &str, argument: Value, id: u64) -> Vec<u8> {
    let request = match dialect {
        Dialect::Lines => {
            json!({"jsonrpc": "2.0", "method": method, "params": [argument], "id": id})
        }
        Dialect::Go => json!({"method": method, "params": [argument], "id": id}),
    };
    format!("{request}\n").into_bytes()
}
// ANCHOR_END: request

// ANCHOR: outcome
/// The id of a reply and its outcome; `None` if it is not a reply.
pub fn outcome(dialect: Dialect, mut reply: Value) -> Option<(u64, Outcome)> {
    let id = reply.get("id")?.as_u64()?;
    let error = reply.get_mut("error").map(Value::take).unwrap_or_default();
    let result = reply.get_mut("result").map(Value::take);
    let outcome = match (dialect, error, result) {
        // 2.0: either the one or the other.
        (Dialect::Lines, Value::Null, Some(result)) if reply["jsonrpc"] == "2.0" => Ok(result),
        (Dialect::Lines, Value::Object(error), None) => Err(CallError::Remote {
            code: Some(error.get("code")?.as_i64()?),
            message: error.get("message")?.as_str()?.to_string(),
        }),
        // Go: both members are there. With an error the result is ignored.
        (Dialect::Go, Value::Null, Some(result)) if !result.is_null() => Ok(result),
        (Dialect::Go, Value::String(message), _) => Err(CallError::Remote {
            code: None,
            message,
        }),
        _ => return None,
    };
    Some((id, outcome))
}
// ANCHOR_END: outcome

/// Writes requests until the client is dropped or the connection fails.
async fn send(mut write: OwnedWriteHalf, mut waiting: mpsc::Receiver<Vec<u8>>) {
    while let Some(request) = waiting.recv().await {
        if write.write_all(&request).await.is_err() {
            return;
        }
    }
    // Dropping the write half sends FIN: the client has finished sending.
}

/// Reads replies and completes their calls; when the connection ends, it fails all pending calls.
async fn receive(mut read: OwnedReadHalf, dialect: Dialect, pending: Arc<Pending>) {
    let mut split = match dialect {
        Dialect::Lines => Split::lines(REPLY),
        Dialect::Go => Split::objects(REPLY),
    };
    let mut buf = vec![0; 16 * 1024];
    'connection: while let Ok(n @ 1..) = read.read(&mut buf).await {
        split.push(&buf[..n]);
        loop {
            let message = match split.next_message() {
                Ok(Some(message)) => message,
                Ok(None) => break,
                Err(_lost) => break 'connection,
            };
            let reply = json::parse(&message).ok();
            let Some((id, outcome)) = reply.and_then(|reply| outcome(dialect, reply)) else {
                // It is unknown to which call this reply belongs, so every call fails.
                break 'connection;
            };
            let caller = pending.lock().as_mut().and_then(|calls| calls.remove(&id));
            if let Some(caller) = caller {
                // A cancelled caller has dropped its receiver.
                let _ = caller.send(outcome);
            }
        }
    }
    // Dropping the senders ends every pending call with `Lost`.
    pending.lock().take();
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(dialect: Dialect, text: &str) -> Option<(u64, Outcome)> {
        outcome(dialect, json::parse(text.as_bytes()).unwrap())
    }

    #[test]
    fn the_same_call_in_both_dialects() {
        let text = |dialect| String::from_utf8(request(dialect, "A.B", json!(1), 7)).unwrap();
        assert_eq!(
            json::parse(text(Dialect::Go).trim().as_bytes()),
            Ok(json!({"method":"A.B","params":[1],"id":7}))
        );
        assert!(text(Dialect::Lines).contains(r#""jsonrpc":"2.0""#));
    }

    #[test]
    fn go_replies() {
        let go = |text| read(Dialect::Go, text);
        assert_eq!(
            go(r#"{"id":1,"result":2,"error":null}"#),
            Some((1, Ok(json!(2))))
        );
        let failed = Err(CallError::Remote {
            code: None,
            message: "no".into(),
        });
        assert_eq!(go(r#"{"id":1,"result":2,"error":"no"}"#), Some((1, failed)));
        assert_eq!(go(r#"{"id":1,"result":null,"error":null}"#), None);
        assert_eq!(go(r#"{"id":-1,"result":1,"error":null}"#), None);
    }

    #[test]
    fn replies_of_2_0() {
        let lines = |text| read(Dialect::Lines, text);
        let null = r#"{"jsonrpc":"2.0","id":1,"result":null}"#;
        assert_eq!(lines(null), Some((1, Ok(Value::Null))));
        let failed = Err(CallError::Remote {
            code: Some(-1),
            message: "no".into(),
        });
        let no = r#"{"jsonrpc":"2.0","id":1,"error":{"code":-1,"message":"no"}}"#;
        assert_eq!(lines(no), Some((1, failed)));
        // What a Go server says is no reply of 2.0.
        assert_eq!(lines(r#"{"id":1,"result":2,"error":null}"#), None);
    }
}
