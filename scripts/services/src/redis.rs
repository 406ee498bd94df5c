//! A Redis, real or embedded, that ends when its handle is dropped.
//!
//! ```no_run
//! # async fn f() -> anyhow::Result<()> {
//! let redis = services::redis::Setup::default().start().await?;
//! println!("a {} Redis at {}", redis.side(), redis.addr());
//! # Ok(()) }
//! ```

use std::net::SocketAddr;

use l15_redis::server::{Config, Decode, Server};

use crate::Side;

/// What a Redis is started with. It is empty, and keeps nothing beyond its end.
#[derive(Clone, Debug, Default)]
pub struct Setup {
    /// `None`: what `WORKBOOK_SERVICES` says, else the real one where there is one.
    pub side: Option<Side>,
    /// The port on 127.0.0.1; `None` takes a free one.
    pub port: Option<u16>,
    /// Who reads requests in the embedded one, instead of its own reader.
    pub decode: Option<Decode>,
}

/// A running Redis.
pub struct Redis {
    addr: SocketAddr,
    inner: Inner,
}

enum Inner {
    Real(testkit::redis::Redis),
    Embedded(Server),
}

impl Setup {
    /// Starts it, and returns when it answers.
    ///
    /// # Errors
    /// If the real one is asked for and missing, or if it does not start: in words that say what to
    /// do.
    pub async fn start(self) -> anyhow::Result<Redis> {
        let forced = match self.side {
            Some(side) => Some(side),
            None => Side::forced()?,
        };
        match forced {
            Some(Side::Real) => self.real().await,
            None if testkit::redis::find().is_some() => self.real().await,
            _ => self.embedded().await,
        }
    }

    async fn real(self) -> anyhow::Result<Redis> {
        let mut setup = testkit::redis::Setup::new();
        if let Some(port) = self.port {
            setup = setup.port(port);
        }
        // It waits until Redis answers.
        let redis = tokio::task::spawn_blocking(move || setup.start()).await??;
        Ok(Redis {
            addr: redis.addr(),
            inner: Inner::Real(redis),
        })
    }

    async fn embedded(self) -> anyhow::Result<Redis> {
        let config = Config {
            addr: format!("127.0.0.1:{}", self.port.unwrap_or(0)),
            decode: self.decode,
            ..Config::default()
        };
        let server = Server::start(config).await?;
        Ok(Redis {
            addr: server.address(),
            inner: Inner::Embedded(server),
        })
    }
}

impl Redis {
    /// Where it listens.
    #[must_use]
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// Which kind it is.
    #[must_use]
    pub fn side(&self) -> Side {
        match self.inner {
            Inner::Real(_) => Side::Real,
            Inner::Embedded(_) => Side::Embedded,
        }
    }

    /// The process that serves it: this one for the embedded one.
    #[must_use]
    pub fn pid(&self) -> u32 {
        match &self.inner {
            Inner::Real(redis) => redis.id(),
            Inner::Embedded(_) => std::process::id(),
        }
    }

    /// Whether it still runs: a crash of the real one is noticed here.
    pub fn is_running(&mut self) -> bool {
        match &mut self.inner {
            Inner::Real(redis) => redis.is_running(),
            Inner::Embedded(_) => true,
        }
    }

    /// Ends it and waits until its port is free.
    pub async fn stop(self) {
        match self.inner {
            // Ending and waiting for a process is a short, blocking thing.
            Inner::Real(redis) => drop(redis),
            Inner::Embedded(server) => server.stop().await,
        }
    }
}
