//! The greeting server: delimited `HelloRequest`s in, delimited `HelloReply`s out, over TCP. There is
//! no method name in the bytes, so this port can do one thing; and no place for an error, so a request
//! that cannot be answered is the end of the connection. Lesson 06 has both.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use prost::Message;
use tokio::io::{AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use crate::frame;
use crate::greeter::{HelloReply, HelloRequest};

// ANCHOR: settings
/// What one client may cost, and an observer of refusals.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// The longest message, in bytes.
    pub message: usize,
    /// The time for each message, from the answer before it to its own answer.
    pub time: Duration,
    /// How many clients are served at the same time.
    pub clients: usize,
    /// Is told why the server hung up on a client.
    pub observe: fn(SocketAddr, &str),
}
// ANCHOR_END: settings

impl Default for Settings {
    fn default() -> Self {
        Settings {
            message: frame::LIMIT,
            time: Duration::from_secs(30),
            clients: 100,
            observe: |_, _| {},
        }
    }
}

/// Serves clients until `shutdown` is ready.
///
/// # Errors
///
/// If the listener itself breaks. What happens to one client is no error of the server.
pub async fn serve(
    listener: TcpListener,
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
            (Ok((stream, client)), Ok(seat)) => {
                conversations.spawn(async move {
                    if let Err(why) = converse(stream, settings).await {
                        (settings.observe)(client, &why);
                    }
                    drop(seat);
                });
            }
            // The stream is dropped, and that hangs up.
            (Ok((_, client)), Err(_full)) => (settings.observe)(client, "too many clients"),
            (Err(_), _) => sleep(Duration::from_millis(10)).await,
        }
    }
    conversations.shutdown().await;
    Ok(())
}

// ANCHOR: converse
/// One client: requests in, replies out, until it has finished. An error is why we hang up.
async fn converse(stream: TcpStream, settings: Settings) -> Result<(), String> {
    let _ = stream.set_nodelay(true);
    // A length is read byte by byte; the buffer makes that cheap.
    let mut stream = BufReader::new(stream);
    loop {
        match timeout(settings.time, one_call(&mut stream, settings)).await {
            Ok(Ok(true)) => {}
            Ok(other) => return other.map(drop),
            Err(_elapsed) => return Err("the message took too long".to_string()),
        }
    }
}

/// Reads a request and answers it; `false` if the client has finished.
async fn one_call(stream: &mut BufReader<TcpStream>, settings: Settings) -> Result<bool, String> {
    let body = frame::read(stream, settings.message);
    let Some(body) = body.await.map_err(|error| error.to_string())? else {
        return Ok(false);
    };
    let request = HelloRequest::decode(&*body).map_err(|error| error.to_string())?;
    let reply = frame::encode(&greet(&request)?);
    // A client that does not read its answers runs into the deadline around all this.
    stream
        .write_all(&reply)
        .await
        .map_err(|error| error.to_string())?;
    Ok(true)
}

/// The service itself. An empty name is what a field has that was never sent.
fn greet(request: &HelloRequest) -> Result<HelloReply, String> {
    if request.name.is_empty() {
        return Err("a request without a name".to_string());
    }
    let message = format!("hello {}", request.name);
    Ok(HelloReply { message })
}
// ANCHOR_END: converse
