//! The greeting server: delimited `HelloRequest`s in, delimited `HelloReply`s out, over TCP. The bytes have
//! no method name, so this port has one function. They have no field for an error, so the server closes the
//! connection of a request that it cannot answer. Lesson 06 has both.

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
/// The limits of one client, and an observer of refusals.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// The longest message, in bytes.
    pub max_message: usize,
    /// The time for each message, from the reply before it to its own reply.
    pub message_timeout: Duration,
    /// The number of clients at the same time.
    pub max_clients: usize,
    /// Called with the reason when the server closes the connection of a client.
    pub observe: fn(SocketAddr, &str),
}
// ANCHOR_END: settings

impl Default for Settings {
    fn default() -> Self {
        Settings {
            max_message: frame::LIMIT,
            message_timeout: Duration::from_secs(30),
            max_clients: 100,
            observe: |_, _| {},
        }
    }
}

/// Serves clients until `shutdown` is ready.
///
/// # Errors
/// If the listener itself fails. An error of one client does not end the server.
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
            Some(_) = conversations.join_next() => continue,
        };
        match (accepted, Arc::clone(&permits).try_acquire_owned()) {
            (Ok((stream, client)), Ok(permit)) => {
                conversations.spawn(async move {
                    if let Err(why) = converse(stream, settings).await {
                        (settings.observe)(client, &why);
                    }
                    drop(permit);
                });
            }
            // The stream is dropped, which closes the connection.
            (Ok((_, client)), Err(_full)) => (settings.observe)(client, "too many clients"),
            (Err(_), _) => sleep(Duration::from_millis(10)).await,
        }
    }
    conversations.shutdown().await;
    Ok(())
}

// ANCHOR: converse
/// One client: requests in, replies out, until it has finished. After an error the server closes the connection.
async fn converse(stream: TcpStream, settings: Settings) -> Result<(), String> {
    let _ = stream.set_nodelay(true);
    // A length is read byte by byte; the buffer makes that cheap.
    let mut stream = BufReader::new(stream);
    loop {
        match timeout(settings.message_timeout, one_call(&mut stream, settings)).await {
            Ok(Ok(true)) => {}
            Ok(other) => return other.map(drop),
            Err(_elapsed) => return Err("the message took too long".to_string()),
        }
    }
}

/// Reads a request and answers it; `false` if the client has finished.
async fn one_call(stream: &mut BufReader<TcpStream>, settings: Settings) -> Result<bool, String> {
    let body = frame::read(stream, settings.max_message);
    let Some(body) = body.await.map_err(|error| error.to_string())? else {
        return Ok(false);
    };
    let request = HelloRequest::decode(&*body).map_err(|error| error.to_string())?;
    let reply = frame::encode(&greet(&request)?);
    // The timeout around this call also limits a client that does not read its replies.
    stream
        .write_all(&reply)
        .await
        .map_err(|error| error.to_string())?;
    Ok(true)
}

/// The service itself. A name that was not sent is empty.
fn greet(request: &HelloRequest) -> Result<HelloReply, String> {
    if request.name.is_empty() {
        return Err("a request without a name".to_string());
    }
    let message = format!("hello {}", request.name);
    Ok(HelloReply { message })
}
// ANCHOR_END: converse
