//! The naive way: what a request needs is made for it, and thrown away after it. Each call of the web is a new client of
//! Consul, a lookup, and a new connection to the service; each command of the service is a new connection to Redis.
//! Every answer is the same as that of the good site, which shares all of these.

use std::net::SocketAddr;

use anyhow::Context;
use l13_framework::registries::consul::Consul;
use l13_framework::registry::{Options, Registry};
use l16_captcha::pb::get_captcha_client::GetCaptchaClient;
use l16_captcha::pb::{
    CallRequest, CallResponse, SessionRequest, SessionResponse, VerifyRequest, VerifyResponse,
};
use l16_captcha::rules::{Store, Unavailable};
use l16_captcha::store::Redis;
use l16_captcha::{service, web};
use tokio::time::Instant;
use tonic::transport::{Channel, Endpoint};
use tonic::{Request, Status};

/// The captcha service, as a web without memory calls it: the address is that of the Consul agent.
#[derive(Clone, Copy, Debug)]
pub struct FreshClients(pub SocketAddr);

// ANCHOR: lookup
impl FreshClients {
    /// A client of the registry, a lookup, and a connection to the first instance of the list.
    async fn connect(self) -> anyhow::Result<GetCaptchaClient<Channel>> {
        let mut registry = Consul::new();
        registry.init(Options {
            addresses: vec![self.0],
            ..Options::default()
        })?;
        let instances = registry.get_service(service::NAME).await?;
        let first = instances.first().context("no healthy instance")?;
        let service = Endpoint::from_shared(format!("http://{}", first.addr))?;
        Ok(GetCaptchaClient::new(service.connect().await?))
    }

    async fn client(self) -> Result<GetCaptchaClient<Channel>, Status> {
        let client = self.connect().await;
        client.map_err(|error| Status::unavailable(error.to_string()))
    }
}

#[tonic::async_trait]
impl web::Captchas for FreshClients {
    async fn call(&self, request: CallRequest, until: Instant) -> Result<CallResponse, Status> {
        let mut client = self.client().await?;
        Ok(client.call(within(request, until)).await?.into_inner())
    }
    // ANCHOR_END: lookup

    async fn verify(
        &self,
        request: VerifyRequest,
        until: Instant,
    ) -> Result<VerifyResponse, Status> {
        let mut client = self.client().await?;
        Ok(client.verify(within(request, until)).await?.into_inner())
    }

    async fn session(
        &self,
        request: SessionRequest,
        until: Instant,
    ) -> Result<SessionResponse, Status> {
        let mut client = self.client().await?;
        Ok(client.session(within(request, until)).await?.into_inner())
    }
}

fn within<T>(message: T, until: Instant) -> Request<T> {
    let mut request = Request::new(message);
    request.set_timeout(until.saturating_duration_since(Instant::now()));
    request
}

/// The Redis at this address, connected anew for each command.
#[derive(Clone, Copy, Debug)]
pub struct FreshConnections(pub SocketAddr);

// ANCHOR: connection
impl FreshConnections {
    fn connect(self) -> Result<Redis, Unavailable> {
        Redis::new(self.0).map_err(|_| Unavailable)
    }
}

impl Store for FreshConnections {
    async fn keep(&self, key: &str, value: &str, seconds: u64) -> Result<(), Unavailable> {
        self.connect()?.keep(key, value, seconds).await
    }
    // ANCHOR_END: connection

    async fn keep_new(
        &self,
        key: &str,
        value: &str,
        seconds: u64,
    ) -> Result<Option<String>, Unavailable> {
        self.connect()?.keep_new(key, value, seconds).await
    }

    async fn look(&self, key: &str) -> Result<Option<String>, Unavailable> {
        self.connect()?.look(key).await
    }

    async fn take(&self, key: &str) -> Result<Option<String>, Unavailable> {
        self.connect()?.take(key).await
    }

    async fn count(&self, key: &str, seconds: u64) -> Result<u64, Unavailable> {
        self.connect()?.count(key, seconds).await
    }
}
