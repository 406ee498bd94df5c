//! The server on TCP, for both dialects: they differ in where a message ends and in what answers it.
//! The calls of one connection are answered one after the other, because neither service waits for
//! anything. (Lesson 02 shows how a server answers out of order.)

use std::future::Future;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use crate::go::{self, Methods};
use crate::split::{Lost, Split};
use crate::v2::{self, Rpc};

// ANCHOR: settings
/// The limits for one client.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// The longest message, in bytes. An argument of 1 MB fits, also if the sender writes
    /// some of its characters as `\u....`.
    pub message: usize,
    /// The time for each message, from the answer before it to its own answer.
    pub time: Duration,
    /// How many clients are served at the same time, on each port.
    pub clients: usize,
}
// ANCHOR_END: settings

impl Default for Settings {
    fn default() -> Self {
        Settings {
            message: 2 * 1024 * 1024,
            time: Duration::from_secs(30),
            clients: 100,
        }
    }
}

// ANCHOR: dialect
/// The protocol of a port.
#[derive(Clone)]
pub enum Dialect {
    /// JSON-RPC 2.0, a message a line.
    Lines(Rpc),
    /// Go's dialect of 1.0, object after object.
    Go(Methods),
}

impl Dialect {
    fn split(&self, limit: usize) -> Split {
        match self {
            Dialect::Lines(_) => Split::lines(limit),
            Dialect::Go(_) => Split::objects(limit),
        }
    }

    /// The bytes that answer a message. An error is the reason for closing the connection.
    async fn answer(&self, message: &[u8]) -> Result<Vec<u8>, &'static str> {
        let reply = match self {
            Dialect::Lines(_) if is_http(message) => return Err("this port does not speak HTTP"),
            Dialect::Lines(rpc) => rpc.answer(message).await,
            Dialect::Go(methods) => {
                Some(go::answer(message, *methods).ok_or("this is not a call")?)
            }
        };
        // Go writes a newline as well. Its readers do not need it; people who watch the wire do.
        Ok(reply.map_or_else(Vec::new, |mut bytes| {
            bytes.push(b'\n');
            bytes
        }))
    }

    /// The error that is sent before the connection is closed, where the dialect has one: Go's has no reply
    /// without a request.
    fn last_error(&self, reason: &str) -> Vec<u8> {
        match self {
            Dialect::Lines(_) => [v2::last_error(reason), b"\n".to_vec()].concat(),
            Dialect::Go(_) => Vec::new(),
        }
    }
}
// ANCHOR_END: dialect

// ANCHOR: http
/// Returns whether a line is the first of an HTTP request. A page in a browser can send a POST to any port of this
/// machine. Its headers would be broken messages here, and each line of its body would be a call.
fn is_http(line: &[u8]) -> bool {
    line.first().is_some_and(u8::is_ascii_alphabetic)
        && line.windows(6).any(|part| part == b" HTTP/")
}
// ANCHOR_END: http

/// Serves clients until `shutdown` is ready.
///
/// # Errors
/// If the listener itself fails. An error on one connection ends that connection only.
pub async fn serve(
    listener: TcpListener,
    dialect: Dialect,
    settings: Settings,
    shutdown: impl Future<Output = ()>,
) -> io::Result<()> {
    let permits = Arc::new(Semaphore::new(settings.clients));
    let mut conversations = JoinSet::new();
    tokio::pin!(shutdown);
    loop {
        let accepted = tokio::select! {
            () = &mut shutdown => break,
            accepted = listener.accept() => accepted,
            Some(_) = conversations.join_next() => continue,
        };
        match (accepted, Arc::clone(&permits).try_acquire_owned()) {
            (Ok((stream, _)), Ok(permit)) => {
                let dialect = dialect.clone();
                conversations.spawn(async move {
                    host_one(stream, &dialect, settings).await;
                    drop(permit);
                });
            }
            // Dropping the stream closes the connection.
            (Ok(_), Err(_full)) => {}
            (Err(_), _) => sleep(Duration::from_millis(10)).await,
        }
    }
    conversations.shutdown().await;
    Ok(())
}

/// For how long the server still reads before it closes a connection, and how many bytes. Closing with unread
/// bytes would reset the connection, and the reset may overtake the last error.
const LINGER: Duration = Duration::from_millis(200);
const LINGER_BYTES: u64 = 4 * 1024 * 1024;

/// Serves one client, until it has finished or an error closes its connection.
async fn host_one(mut stream: TcpStream, dialect: &Dialect, settings: Settings) {
    let _ = stream.set_nodelay(true);
    let Err(reason) = converse(&mut stream, dialect, settings).await else {
        return;
    };
    let error = dialect.last_error(&reason);
    let close = async {
        stream.write_all(&error).await?;
        stream.shutdown().await?;
        tokio::io::copy(&mut stream.take(LINGER_BYTES), &mut tokio::io::sink()).await
    };
    // The connection is closed in any case, so an error here changes nothing.
    let _ = timeout(LINGER, close).await;
}

// ANCHOR: converse
/// Reads messages and answers them until the client has finished. An error is the reason for closing the connection.
async fn converse(
    stream: &mut TcpStream,
    dialect: &Dialect,
    settings: Settings,
) -> Result<(), String> {
    let mut split = dialect.split(settings.message);
    let mut buf = vec![0; 16 * 1024];
    loop {
        let round = one_message(stream, dialect, &mut split, &mut buf);
        match timeout(settings.time, round).await {
            Ok(Ok(true)) => {}
            Ok(Ok(false)) => return Ok(()),
            Ok(Err(reason)) => return Err(reason),
            Err(_elapsed) => return Err("the message took too long".to_string()),
        }
    }
}

/// Reads until there is a message, and answers it; `false` if the client has finished.
async fn one_message(
    stream: &mut TcpStream,
    dialect: &Dialect,
    split: &mut Split,
    buf: &mut [u8],
) -> Result<bool, String> {
    loop {
        if let Some(message) = split
            .next_message()
            .map_err(|lost: Lost| lost.to_string())?
        {
            let reply = dialect.answer(&message).await?;
            // A client that does not read its answers exceeds the time limit around this function.
            let written = stream.write_all(&reply).await;
            return Ok(written.is_ok());
        }
        match stream.read(buf).await {
            Ok(0) if split.is_empty() => return Ok(false),
            Ok(0) => return Err("the message has no end".to_string()),
            Ok(n) => split.push(&buf[..n]),
            Err(_) => return Ok(false),
        }
    }
}
// ANCHOR_END: converse
