//! The readable Redis.

use std::io;
use std::net::SocketAddr;

use tokio::net::TcpListener;

use crate::clock::Clock;

/// Takes the first request off `bytes`: its words and how many bytes it was; `None` while it is not
/// whole; words for the client if it is none.
pub type Decode = fn(bytes: &[u8]) -> Result<Option<(Vec<Vec<u8>>, usize)>, String>;

/// What can be chosen.
#[derive(Clone, Debug)]
pub struct Config {
    /// Where it listens; port 0 takes a free one.
    pub addr: String,
    /// The time; tests bring one that they can move.
    pub clock: Clock,
    /// Who reads requests, instead of our own reader: the answer of the exercise `resp`.
    pub decode: Option<Decode>,
}

impl Default for Config {
    fn default() -> Self {
        Config {
            addr: "127.0.0.1:0".to_string(),
            clock: Clock::real(),
            decode: None,
        }
    }
}

/// A running server.
#[derive(Debug)]
pub struct Server {
    address: SocketAddr,
    clock: Clock,
    _listener: TcpListener,
}

impl Server {
    /// Starts it.
    ///
    /// # Errors
    /// If it cannot listen there.
    pub async fn start(config: Config) -> io::Result<Server> {
        let listener = TcpListener::bind(&config.addr).await?;
        Ok(Server {
            address: listener.local_addr()?,
            clock: config.clock,
            _listener: listener,
        })
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The clock that it was given.
    #[must_use]
    pub fn clock(&self) -> &Clock {
        &self.clock
    }

    /// Ends it, cuts all connections, and waits until its port is free.
    pub async fn stop(self) {}
}
