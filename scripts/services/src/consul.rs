//! A Consul, real or embedded, that ends when its handle is dropped.
//!
//! ```no_run
//! # async fn f() -> anyhow::Result<()> {
//! let consul = services::consul::Setup::default().start().await?;
//! println!("a {} Consul at {}", consul.side(), consul.addr());
//! # Ok(()) }
//! ```

use std::net::SocketAddr;

use l08_consul::agent::{Agent, Config};

use crate::Side;

/// What a Consul is started with.
#[derive(Clone, Debug, Default)]
pub struct Setup {
    /// `None`: what `WORKBOOK_SERVICES` says, else the real one where there is one.
    pub side: Option<Side>,
    /// The port of the HTTP API on 127.0.0.1; `None` takes a free one.
    pub http_port: Option<u16>,
}

/// A running Consul.
pub struct Consul {
    addr: SocketAddr,
    inner: Inner,
}

enum Inner {
    Real(testkit::consul::Consul),
    Embedded(Agent),
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
        self.http_port = port.into();
        self
    }

    /// Starts it, and returns when it answers.
    ///
    /// # Errors
    /// If the real one is asked for and missing, or if it does not start: in words that say what to
    /// do.
    pub async fn start(self) -> anyhow::Result<Consul> {
        match Side::to_start(self.side, || testkit::consul::find().is_some())? {
            Side::Real => self.real().await,
            Side::Embedded => self.embedded().await,
        }
    }

    async fn real(self) -> anyhow::Result<Consul> {
        let mut setup = testkit::consul::Setup::new();
        if let Some(port) = self.http_port {
            setup = setup.http_port(port);
        }
        // It waits until Consul is ready, which takes seconds.
        let consul = tokio::task::spawn_blocking(move || setup.start()).await??;
        Ok(Consul {
            addr: consul.addr(),
            inner: Inner::Real(consul),
        })
    }

    async fn embedded(self) -> anyhow::Result<Consul> {
        let config = Config {
            http_addr: format!("127.0.0.1:{}", self.http_port.unwrap_or(0)),
            ..Config::default()
        };
        let agent = Agent::start(config).await?;
        Ok(Consul {
            addr: agent.address(),
            inner: Inner::Embedded(agent),
        })
    }
}

impl Consul {
    /// Where its HTTP API is.
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// Which kind it is.
    pub fn side(&self) -> Side {
        match self.inner {
            Inner::Real(_) => Side::Real,
            Inner::Embedded(_) => Side::Embedded,
        }
    }

    /// The process that serves it: this one for the embedded one.
    pub fn pid(&self) -> u32 {
        match &self.inner {
            Inner::Real(consul) => consul.id(),
            Inner::Embedded(_) => std::process::id(),
        }
    }

    /// Whether it still runs: a crash of the real one is noticed here.
    pub fn is_running(&mut self) -> bool {
        match &mut self.inner {
            Inner::Real(consul) => consul.is_running(),
            Inner::Embedded(_) => true,
        }
    }

    /// Ends it and waits until its port is free.
    pub async fn stop(self) {
        match self.inner {
            // Ending and waiting for a process is a short, blocking thing.
            Inner::Real(consul) => drop(consul),
            Inner::Embedded(agent) => agent.stop().await,
        }
    }
}
