//! The server on TCP, for both dialects: they differ in where a message ends and in what answers it,
//! and in nothing else. Calls of one connection are answered one after the other; both services are
//! done at once. (Lesson 02 answers out of order, and what it takes is shown there.)

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
/// What one client may cost.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// The longest message, in bytes. Room for an argument of 1 MB, also where the sender writes
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
/// What is spoken on a port.
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

    /// The bytes that answer a message; `Err` if there is nothing left but to hang up.
    async fn answer(&self, message: &[u8]) -> Result<Vec<u8>, Goodbye> {
        let reply = match self {
            Dialect::Lines(rpc) => rpc.answer(message).await,
            Dialect::Go(methods) => Some(go::answer(message, *methods).ok_or(Goodbye)?),
        };
        // Go writes a newline as well. Its readers do not need it; people who watch the wire do.
        Ok(reply.map_or_else(Vec::new, |mut bytes| {
            bytes.push(b'\n');
            bytes
        }))
    }

    /// The last words, where the dialect has any: Go's knows no reply without a request.
    fn farewell(&self, words: &str) -> Vec<u8> {
        match self {
            Dialect::Lines(_) => [v2::farewell(words), b"\n".to_vec()].concat(),
            Dialect::Go(_) => Vec::new(),
        }
    }
}
// ANCHOR_END: dialect

/// The server hangs up.
#[derive(Clone, Copy, Debug)]
pub struct Goodbye;

/// Serves clients until `shutdown` is ready.
///
/// # Errors
///
/// If the listener itself breaks. What happens to one client is no error of the server.
pub async fn serve(
    listener: TcpListener,
    dialect: Dialect,
    settings: Settings,
    shutdown: impl Future<Output = ()>,
) -> io::Result<()> {
    let seats = Arc::new(Semaphore::new(settings.clients));
    let mut conversations = JoinSet::new();
    tokio::pin!(shutdown);
    loop {
        let accepted = tokio::select! {
            () = &mut shutdown => break,
            accepted = listener.accept() => accepted,
            Some(_) = conversations.join_next() => continue,
        };
        match (accepted, Arc::clone(&seats).try_acquire_owned()) {
            (Ok((stream, _)), Ok(seat)) => {
                let dialect = dialect.clone();
                conversations.spawn(async move {
                    host_one(stream, &dialect, settings).await;
                    drop(seat);
                });
            }
            // Dropped, and that hangs up.
            (Ok(_), Err(_full)) => {}
            (Err(_), _) => sleep(Duration::from_millis(10)).await,
        }
    }
    conversations.shutdown().await;
    Ok(())
}

/// How long, and how many bytes, a client that is being hung up on may still send. Closing with
/// unread bytes would reset the connection, and a reset may overtake the last words.
const LINGER: Duration = Duration::from_millis(200);
const LINGER_BYTES: u64 = 4 * 1024 * 1024;

/// One client, from hello to goodbye.
async fn host_one(mut stream: TcpStream, dialect: &Dialect, settings: Settings) {
    let _ = stream.set_nodelay(true);
    let Err(words) = converse(&mut stream, dialect, settings).await else {
        return;
    };
    let words = dialect.farewell(&words);
    let goodbye = async {
        stream.write_all(&words).await?;
        stream.shutdown().await?;
        tokio::io::copy(&mut stream.take(LINGER_BYTES), &mut tokio::io::sink()).await
    };
    // How this ends does not matter any more, only that it does.
    let _ = timeout(LINGER, goodbye).await;
}

// ANCHOR: converse
/// Messages in, answers out, until the client has finished. An error is the server's last words.
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
            Ok(Err(words)) => return Err(words),
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
            let reply = dialect.answer(&message).await;
            let reply = reply.map_err(|Goodbye| "this is no call".to_string())?;
            // A client that does not read its answers runs into the deadline around all this.
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
