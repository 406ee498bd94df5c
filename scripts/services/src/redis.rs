//! A Redis, real or embedded, that ends when its handle is dropped.
//!
//! ```no_run
//! # async fn f() -> anyhow::Result<()> {
//! let redis = services::redis::Setup::default().start().await?;
//! println!("a {} Redis at {}", redis.side(), redis.addr());
//! # Ok(()) }
//! ```
//!
//! It can be killed and started again at the same address: what a client does without its Redis, and
//! with one that has forgotten everything, is worth a test.

use std::net::SocketAddr;

use l15_redis::server::{Config, Decode, Server};

use crate::Side;

/// What a Redis is started with. It is empty, and keeps nothing beyond its end.
#[derive(Clone, Debug, Default)]
pub struct Setup {
    /// `None`: what `WORKBOOK_SERVICES` says, else the real one where there is one that is not too old.
    pub side: Option<Side>,
    /// The port on 127.0.0.1; `None` takes a free one.
    pub port: Option<u16>,
    /// Who reads requests in the embedded one, instead of its own reader.
    pub decode: Option<Decode>,
}

/// A Redis: it runs, or it was killed and can be started again.
pub struct Redis {
    addr: SocketAddr,
    inner: Inner,
}

enum Inner {
    /// Away only while [`Redis::start_again`] waits for it.
    Real(Option<testkit::redis::Redis>),
    Embedded {
        /// With the address that it has got, so that the next one takes the same.
        config: Config,
        /// `None` after [`Redis::kill`].
        server: Option<Server>,
    },
}

impl Setup {
    /// One of this kind, on a free port.
    pub fn of(side: impl Into<Option<Side>>) -> Self {
        Setup {
            side: side.into(),
            ..Setup::default()
        }
    }

    /// The same on this port.
    pub fn at(mut self, port: impl Into<Option<u16>>) -> Self {
        self.port = port.into();
        self
    }

    /// Starts it, and returns when it answers.
    ///
    /// # Errors
    /// If the real one is asked for and missing, or if it does not start: in words that say what to
    /// do.
    pub async fn start(self) -> anyhow::Result<Redis> {
        let usable =
            || testkit::redis::find().is_some_and(|it| testkit::redis::too_old(&it).is_none());
        match Side::to_start(self.side, usable)? {
            Side::Real => self.real().await,
            Side::Embedded => self.embedded().await,
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
            inner: Inner::Real(Some(redis)),
        })
    }

    async fn embedded(self) -> anyhow::Result<Redis> {
        let mut config = Config {
            addr: format!("127.0.0.1:{}", self.port.unwrap_or(0)),
            decode: self.decode,
            ..Config::default()
        };
        let server = Server::start(config.clone()).await?;
        let addr = server.address();
        config.addr = addr.to_string();
        Ok(Redis {
            addr,
            inner: Inner::Embedded {
                config,
                server: Some(server),
            },
        })
    }
}

impl Redis {
    /// Where it listens.
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// Which kind it is.
    pub fn side(&self) -> Side {
        match self.inner {
            Inner::Real(_) => Side::Real,
            Inner::Embedded { .. } => Side::Embedded,
        }
    }

    /// The process that serves it: this one for the embedded one. 0 while there is none.
    pub fn pid(&self) -> u32 {
        match &self.inner {
            Inner::Real(redis) => redis.as_ref().map_or(0, |redis| redis.id()),
            Inner::Embedded { .. } => std::process::id(),
        }
    }

    /// Whether it still runs: a crash of the real one is noticed here.
    pub fn is_running(&mut self) -> bool {
        match &mut self.inner {
            Inner::Real(redis) => redis.as_mut().is_some_and(|redis| redis.is_running()),
            Inner::Embedded { server, .. } => server.is_some(),
        }
    }

    /// Ends it as a crash would, with everything that it has kept, and waits until its port is free.
    /// Its connections are cut.
    pub async fn kill(&mut self) {
        match &mut self.inner {
            // Killing and waiting for a process is a short, blocking thing.
            Inner::Real(redis) => redis.iter_mut().for_each(|redis| redis.kill()),
            Inner::Embedded { server, .. } => {
                if let Some(server) = server.take() {
                    server.stop().await;
                }
            }
        }
    }

    /// Starts it again at the same address, empty, and returns when it answers. One that runs is
    /// killed first.
    ///
    /// # Errors
    /// If it does not start, for example because another program has taken its port in the meantime.
    pub async fn start_again(&mut self) -> anyhow::Result<()> {
        self.kill().await;
        match &mut self.inner {
            Inner::Real(here) => {
                let Some(mut redis) = here.take() else {
                    anyhow::bail!("the last start of this Redis was broken off");
                };
                // It waits until Redis answers.
                let started = tokio::task::spawn_blocking(move || {
                    let started = redis.start_again();
                    (redis, started)
                });
                let (redis, started) = started.await?;
                *here = Some(redis);
                started?;
            }
            Inner::Embedded { config, server } => {
                *server = Some(Server::start(config.clone()).await?);
            }
        }
        Ok(())
    }

    /// Ends it and waits until its port is free.
    pub async fn stop(mut self) {
        self.kill().await;
    }
}
