//! The readable Redis: a server that redis-cli, redis-py and the crate `redis` can call.
//!
//! It has strings, expiry and transactions. Its answers are those of Redis 7.0, error by error; a command that it lacks is
//! answered as Redis answers an unknown one. Nothing is written to a disk.
//!
//! All resources are bounded, see [`Config`]. A client that is in the middle of a request or takes no byte of an answer for
//! `timeout` is cut, and so is one that exceeds a limit.
//!
//! What differs from Redis: a key is gone in the millisecond of its deadline; DBSIZE does not count expired keys; expired keys are listed
//! and not found at random (see `keyspace.rs`); other types, scripts, subscriptions, the disk, replicas and passwords are missing.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::oneshot;
use tokio::task::{JoinHandle, JoinSet};

use crate::clock::Clock;
use connection::Connection;
use state::Shared;

mod command;
mod commands;
mod connection;
mod keyspace;
mod refused;
mod session;
mod state;

/// The Redis whose answers these are.
pub const VERSION: &str = "7.0.15";

/// How often expired keys are removed that no client asks for, and how many while the lock is held once.
const ROUND: Duration = Duration::from_millis(100);
const REMOVED_AT_ONCE: usize = 1000;
/// So many may wait to be let in; the system may have a limit of its own.
const BACKLOG: u32 = 4096;
/// How long the end waits for connections that are being cut.
const SHUTDOWN_LIMIT: Duration = Duration::from_secs(2);

/// Takes the first request off `bytes`: its words and how many bytes it was; `None` while it is not
/// whole; words for the client if it is none.
///
/// It is called with all bytes that have come and are not taken yet, again and again while more come,
/// also for lines that a person types. The words of a refusal follow `ERR Protocol error: `, and the
/// connection ends; so it does if this panics, or takes no byte or more than there are. It must not
/// wait: it cannot be interrupted.
pub type Decode = fn(bytes: &[u8]) -> Result<Option<(Vec<Vec<u8>>, usize)>, String>;

/// The configuration of a server.
#[derive(Clone, Debug)]
pub struct Config {
    /// Where it listens; port 0 takes a free one.
    pub addr: String,
    /// The time; tests bring one that they can move.
    pub clock: Clock,
    /// The function that reads requests in place of our own reader: the answer of the exercise `request-array`.
    pub decode: Option<Decode>,
    /// Clients at once (`maxclients`).
    pub max_clients: usize,
    /// Bytes of all keys and values, about (`maxmemory`, without eviction).
    pub max_memory: usize,
    /// Bytes of one word of a request, and of one value (`proto-max-bulk-len`).
    pub max_bulk: usize,
    /// Bytes of one answer (`client-output-buffer-limit`).
    pub max_answer: usize,
    /// Bytes of unfinished requests, transactions and answers of all clients together
    /// (`maxmemory-clients`).
    pub max_buffers: usize,
    /// How long a request may take to arrive, and how long a client may take no byte of an answer.
    pub timeout: Duration,
}

impl Default for Config {
    fn default() -> Self {
        const MIB: usize = 1024 * 1024;
        Config {
            addr: "127.0.0.1:0".to_string(),
            clock: Clock::real(),
            decode: None,
            max_clients: 10_000,
            max_memory: 256 * MIB,
            max_bulk: 512 * MIB,
            max_answer: 256 * MIB,
            max_buffers: 256 * MIB,
            timeout: Duration::from_secs(60),
        }
    }
}

/// A running server. Dropped, it is gone, with all its connections.
#[derive(Debug)]
pub struct Server {
    address: SocketAddr,
    shared: Arc<Shared>,
    // Dropped, it ends the first task.
    ends: Option<oneshot::Sender<()>>,
    accept: JoinHandle<()>,
    remove: JoinHandle<()>,
}

impl Server {
    /// Starts it. When this returns, it listens.
    ///
    /// # Errors
    /// If it cannot listen there.
    pub async fn start(config: Config) -> io::Result<Server> {
        let listener = listen(&config.addr).await?;
        let address = listener.local_addr()?;
        let shared = Arc::new(Shared::new(config));
        let (ends, ended) = oneshot::channel();
        Ok(Server {
            address,
            ends: Some(ends),
            accept: tokio::spawn(accept(listener, shared.clone(), ended)),
            remove: tokio::spawn(remove_expired(shared.clone())),
            shared,
        })
    }

    /// Returns the address of the server.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Returns the clock of the server.
    pub fn clock(&self) -> &Clock {
        &self.shared.config.clock
    }

    /// Ends it, cuts all connections, and waits until its port is free.
    pub async fn stop(mut self) {
        drop(self.ends.take());
        // It was told to end; how it did does not matter.
        drop((&mut self.accept).await);
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.remove.abort();
    }
}

/// Listens with room for many who come at once: the 1024 of `TcpListener::bind` are full when thousands
/// connect together, and each of the others waits a second before its system tries again.
async fn listen(addr: &str) -> io::Result<TcpListener> {
    let mut trouble = io::ErrorKind::AddrNotAvailable.into();
    for addr in tokio::net::lookup_host(addr).await? {
        let socket = match addr {
            SocketAddr::V4(_) => TcpSocket::new_v4()?,
            SocketAddr::V6(_) => TcpSocket::new_v6()?,
        };
        // A server that was ended a moment ago has left connections behind that are still closing.
        socket.set_reuseaddr(true)?;
        match socket.bind(addr).and_then(|()| socket.listen(BACKLOG)) {
            Ok(listener) => return Ok(listener),
            Err(error) => trouble = error,
        }
    }
    Err(trouble)
}

/// Lets clients in until the server is dropped, and cuts them then.
async fn accept(listener: TcpListener, shared: Arc<Shared>, mut ended: oneshot::Receiver<()>) {
    let mut connections = JoinSet::new();
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            _ = &mut ended => break,
        };
        let stream = match accepted {
            Ok((stream, _)) => stream,
            Err(_) => {
                // Out of file handles, most likely: some will come free.
                tokio::time::sleep(Duration::from_millis(20)).await;
                continue;
            }
        };
        while connections.try_join_next().is_some() {}
        match shared.places.clone().try_acquire_owned() {
            Ok(place) => {
                let connection = Connection::new(shared.clone(), stream, place);
                connections.spawn(connection.serve());
            }
            Err(_) => refuse(&stream),
        }
    }
    drop(listener);
    // With a limit: the given reader may be in an endless loop.
    let _ = tokio::time::timeout(SHUTDOWN_LIMIT, connections.shutdown()).await;
}

/// Refuses a client above the limit, without waiting.
fn refuse(stream: &TcpStream) {
    // A new connection has room for a line; a client that has gone does not need it.
    let _ = stream.try_write(b"-ERR max number of clients reached\r\n");
}

/// Active expiry: frees the memory of expired keys that no client asks for.
async fn remove_expired(shared: Arc<Shared>) {
    let mut round = tokio::time::interval(ROUND);
    loop {
        round.tick().await;
        // Not all in one go: a million expired keys must not hold up the other commands.
        for space in 0..state::DATABASES {
            while shared.lock().spaces[space].remove_expired(REMOVED_AT_ONCE) == REMOVED_AT_ONCE {
                tokio::task::yield_now().await;
            }
        }
    }
}
