//! The two programs of the site, web and captcha service, each in both ways. Visitors are not limited, because all of them
//! come from one address here.

use std::net::SocketAddr;
use std::sync::Arc;

use l13_framework::client::{self, Client};
use l13_framework::edge;
use l13_framework::registries::consul::Consul;
use l13_framework::registry::{self, Options, Registry};
use l13_framework::service::Service;
use l16_captcha::pb::get_captcha_server::GetCaptchaServer;
use l16_captcha::rules::Limits;
use l16_captcha::service::{self, Captchas};
use l16_captcha::store::Redis;
use l16_captcha::web::{self, ByName};

use super::naive::{FreshClients, FreshConnections};

/// The two ways in which the site is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// One client, one connection and one watch of the registry for all requests.
    Shared,
    /// All three made anew for each request.
    Naive,
}

/// The captcha service on this Redis, until Ctrl-C or SIGTERM. It listens on `addr`, and registers with Consul.
///
/// # Errors
/// If it cannot start, or has not left well.
pub async fn captchas(
    way: Way,
    addr: SocketAddr,
    consul: SocketAddr,
    redis: SocketAddr,
) -> anyhow::Result<()> {
    let service = service_at(service::NAME, addr, consul)?;
    let rules = unlimited();
    let service = match way {
        Way::Shared => {
            let captchas = Captchas::new(Redis::new(redis)?, rules);
            service.grpc(GetCaptchaServer::new(captchas))
        }
        Way::Naive => {
            let captchas = Captchas::new(FreshConnections(redis), rules);
            service.grpc(GetCaptchaServer::new(captchas))
        }
    };
    let (listener, shutdown) = service.listen().await?;
    service.run_on(listener, shutdown).await?.well()
}

/// The web, until Ctrl-C or SIGTERM. It finds the captcha service by its name in Consul.
///
/// # Errors
/// If it cannot start, or has not left well.
pub async fn web(way: Way, addr: SocketAddr, consul: SocketAddr) -> anyhow::Result<()> {
    let service = service_at(web::NAME, addr, consul)?;
    let settings = web::Settings::default();
    let router = match way {
        Way::Shared => {
            let client = Client::new(registry_at(consul)?, client::Settings::default());
            web::router(ByName(client), settings)
        }
        Way::Naive => web::router(FreshClients(consul), settings),
    };
    let (listener, shutdown) = service.listen().await?;
    let serve = |listener, stop| edge::serve(listener, router, web::limits(), stop);
    service.run_with(listener, shutdown, serve).await?.well()
}

fn service_at(name: &str, addr: SocketAddr, consul: SocketAddr) -> anyhow::Result<Service> {
    Ok(Service::new(name)
        .address(addr)
        .registry(registry_at(consul)?))
}

fn registry_at(consul: SocketAddr) -> Result<Arc<dyn Registry>, registry::Error> {
    let mut registry = Consul::new();
    registry.init(Options {
        addresses: vec![consul],
        ..Options::default()
    })?;
    Ok(Arc::new(registry))
}

fn unlimited() -> service::Settings {
    let mut settings = service::Settings::default();
    let none = Limits {
        per_session: u64::MAX,
        per_address: u64::MAX,
        ..settings.attempts
    };
    (settings.attempts, settings.pictures, settings.passes) = (none, none, none);
    settings
}
