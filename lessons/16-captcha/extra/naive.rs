//! The captcha site as the notes draw it: small, runnable, and wrong in many places. It is here to be
//! attacked: `tests/it/naive` shows each fault happening, and the same attack failing against the site of
//! this lesson. Nothing else may use it.
//!
//! Web, service, registry and store are where they are in the real site, and so are the routes. The naive site
//! needs a comparison of the answer as well; [`model::check`] is how it is mostly written.
//!
//! # Layout
//!
//! * [`web`]: what the browser talks to. [`service`]: the captcha service. [`model`]: what it does with Redis.
//! * [`luck`]: where the digits come from. [`pixels`]: how the picture travels.

pub mod luck;
pub mod model;
pub mod pixels;
pub mod service;
pub mod web;

use std::net::{Ipv4Addr, SocketAddr};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use l13_framework::registries::consul::Consul;
use l13_framework::registry::{Instance, Options, Registry};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_stream::wrappers::TcpListenerStream;

use crate::pb::get_captcha_server::GetCaptchaServer;

/// The servers that the site needs.
#[derive(Clone, Debug)]
pub struct Setup {
    /// The agent of Consul.
    pub consul: SocketAddr,
    /// Redis.
    pub redis: SocketAddr,
    /// What the service tells callers to call, if that is not where it listens.
    pub advertise: Option<SocketAddr>,
}

/// The running site. It ends when this is dropped.
#[derive(Debug)]
pub struct Site {
    web: SocketAddr,
    service: SocketAddr,
    tasks: Vec<JoinHandle<()>>,
}

impl Site {
    /// Starts service and web on free ports of 127.0.0.1.
    ///
    /// # Errors
    /// If there is no port, or Consul does not take the service.
    pub async fn start(setup: Setup) -> anyhow::Result<Site> {
        // The seed of the random numbers is the clock, as in many programs.
        let handler = service::GetCaptcha::new(setup.redis, seconds());
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let service = listener.local_addr()?;
        let serve = tonic::transport::Server::builder()
            .add_service(GetCaptchaServer::new(handler))
            .serve_with_incoming(TcpListenerStream::new(listener));
        let mut tasks = vec![tokio::spawn(async move {
            let _ended = serve.await;
        })];
        register(setup.consul, setup.advertise.unwrap_or(service)).await?;

        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let web = listener.local_addr()?;
        let router = web::router(setup.consul, setup.redis);
        tasks.push(tokio::spawn(async move {
            let _ended = axum::serve(listener, router).await;
        }));
        Ok(Site {
            web,
            service,
            tasks,
        })
    }

    /// Returns the address for the browser.
    pub fn web(&self) -> SocketAddr {
        self.web
    }

    /// Returns the address of the service.
    pub fn service(&self) -> SocketAddr {
        self.service
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        for task in &self.tasks {
            task.abort();
        }
    }
}

/// Once, for an hour: the notes' service does not say that it is still there.
async fn register(consul: SocketAddr, addr: SocketAddr) -> anyhow::Result<()> {
    let instance = Instance {
        id: format!("{}-{}", crate::service::NAME, addr.port()),
        name: crate::service::NAME.to_owned(),
        version: "latest".to_owned(),
        addr,
        metadata: [("transport".to_owned(), "grpc".to_owned())].into(),
    };
    let registry = registry(consul)?;
    Ok(registry
        .register(&instance, Duration::from_secs(3600))
        .await?)
}

/// A new client for the registry.
fn registry(consul: SocketAddr) -> Result<Consul, l13_framework::registry::Error> {
    let mut registry = Consul::new();
    registry.init(Options {
        addresses: vec![consul],
        ..Options::default()
    })?;
    Ok(registry)
}

/// Seconds since 1970. An attacker can know roughly when a program was started.
pub fn seconds() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    now.map_or(0, |since| since.as_secs())
}
