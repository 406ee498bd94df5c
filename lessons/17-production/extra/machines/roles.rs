//! The two programs of the site: the captcha service and the web. Each reads one file of settings, which names the files with
//! its secrets.

use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use l12_resilience::budget::Budget;
use l12_resilience::caller::{self, Caller, Failed, How};
use l13_framework::client;
use l13_framework::edge;
use l13_framework::service::{Leaving, Service};
use l13_framework::service_view::ServiceView;
use l16_captcha::pb;
use l16_captcha::pb::get_captcha_client::GetCaptchaClient;
use l16_captcha::pb::get_captcha_server::GetCaptchaServer;
use l16_captcha::rules::Limits;
use l16_captcha::service::{self, Captchas};
use l16_captcha::web;
use rustls::pki_types::ServerName;
use serde::{Deserialize, Serialize};
use tokio::time::Instant;
use tonic::Status;
use tonic::transport::{Channel, Server};

use super::consul;
use super::failover::Failover;
use super::mtls::{self, Mtls};
use super::redis::Login;
use super::secret::Secret;
use super::tls::{self, Identity};

/// The names in the certificates of the two services.
pub const CAPTCHA: &str = "captcha";
/// See [`CAPTCHA`].
pub const WEB: &str = "web";

/// A new certificate is taken over within this time.
const RELOAD: Duration = Duration::from_millis(500);

// ANCHOR: settings
/// The settings of either. No secret is in them.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// Where it listens.
    pub listen: SocketAddr,
    /// The version of the program.
    pub version: String,
    /// The Consul agent of this machine.
    pub consul: SocketAddr,
    /// The certificate of the authority, in PEM.
    pub authority: PathBuf,
    /// Its own certificate and key, in PEM.
    pub identity: PathBuf,
    /// Its token for Consul.
    pub token_file: PathBuf,
    /// For the captcha service: its store.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub redis: Option<Redis>,
    /// Whether visitors are limited; measurements are not.
    pub limits: bool,
}

/// The settings of the store.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Redis {
    /// The Sentinels.
    pub sentinels: Vec<SocketAddr>,
    /// The password of the user `captcha` of Redis.
    pub password_file: PathBuf,
    /// The password of the user `finder` of Sentinel.
    pub finder_password_file: PathBuf,
}
// ANCHOR_END: settings

impl Settings {
    /// Reads a file.
    ///
    /// # Errors
    /// If it is missing or wrong; the error names the place.
    pub fn read(file: &Path) -> anyhow::Result<Self> {
        let what = || format!("the settings in {}", file.display());
        let text = fs::read_to_string(file).with_context(what)?;
        serde_json::from_str(&text).with_context(what)
    }

    fn service(&self, name: &str) -> anyhow::Result<Service> {
        let token = Secret::read(&self.token_file)?;
        let registry = consul::registry(self.consul, &self.authority, &token)?;
        Ok(Service::new(name)
            .version(&self.version)
            .address(self.listen)
            .registry(Arc::new(registry))
            .register_every(Duration::from_secs(1), Duration::from_secs(3))
            .leaving(Leaving {
                goodbye: Duration::from_secs(2),
                notice: Duration::from_secs(1),
                grace: Duration::from_secs(5),
            }))
    }

    fn identity(&self) -> anyhow::Result<(String, Arc<Identity>)> {
        let identity = Identity::load(&self.identity)?;
        identity.follow(RELOAD);
        let what = || self.authority.display().to_string();
        Ok((
            fs::read_to_string(&self.authority).with_context(what)?,
            identity,
        ))
    }
}

// ANCHOR: captcha
/// The captcha service, until Ctrl-C or SIGTERM.
///
/// # Errors
/// If it cannot start, or has not left well.
pub async fn captcha(settings: Settings) -> anyhow::Result<()> {
    let redis = settings
        .redis
        .as_ref()
        .context("the settings have no `redis`")?;
    let login = |user, file: &Path| {
        let password = Secret::read(file)?;
        anyhow::Ok(Login { user, password })
    };
    let finder = login("finder", &redis.finder_password_file)?;
    let captcha = login("captcha", &redis.password_file)?;
    let store = Failover::new(redis.sentinels.clone(), finder, captcha);
    let mut rules = service::Settings::default();
    if !settings.limits {
        let none = Limits {
            per_session: u64::MAX,
            per_address: u64::MAX,
            ..rules.attempts
        };
        (rules.attempts, rules.pictures, rules.passes) = (none, none, none);
    }
    let captchas = GetCaptchaServer::new(Captchas::new(store, rules));
    let (authority, identity) = settings.identity()?;
    let config = tls::server(&authority, identity)?;
    let web = ServerName::try_from(WEB)?;
    let service = settings.service(service::NAME)?;
    let (listener, shutdown) = service.listen().await?;
    let serve = |listener, stop| {
        let incoming = mtls::incoming(listener, config, Some(&web));
        let mut server = Server::builder().max_concurrent_streams(256);
        (server.add_service(captchas)).serve_with_incoming_shutdown(incoming, stop)
    };
    service.run_with(listener, shutdown, serve).await?.well()
}
// ANCHOR_END: captcha

// ANCHOR: web
/// The web, until Ctrl-C or SIGTERM.
///
/// # Errors
/// If it cannot start, or has not left well.
pub async fn web(settings: Settings) -> anyhow::Result<()> {
    let (authority, identity) = settings.identity()?;
    let mut service = settings.service(web::NAME)?;
    let mtls = Mtls {
        config: tls::client(&authority, Some(identity), &["h2"])?,
        name: ServerName::try_from(CAPTCHA)?,
    };
    let view = ServiceView::new(service.registry_in_use()?, service::NAME);
    let of_web = web::Settings::default();
    let mut calls = client::Settings::default().call;
    let most = u32::try_from(of_web.in_flight).unwrap_or(u32::MAX);
    calls.budget = Budget::new(20, most);
    let caller = Caller::new(mtls, view.members(), calls);
    let router = web::router(Behind { view, caller }, of_web);
    let (listener, shutdown) = service.listen().await?;
    let serve = |listener, stop| edge::serve(listener, router, web::limits(), stop);
    service.run_with(listener, shutdown, serve).await?.well()
}
// ANCHOR_END: web

/// The captcha services behind the web, over mTLS.
struct Behind {
    view: ServiceView,
    caller: Caller<Mtls>,
}

impl Behind {
    // ANCHOR: call
    async fn call<T, F>(
        &self,
        how: How,
        until: Instant,
        send: impl Fn(GetCaptchaClient<Channel>, caller::Attempt) -> F,
    ) -> Result<T, Status>
    where
        F: Future<Output = Result<tonic::Response<T>, Status>>,
    {
        let known = self.view.any_healthy(until).await;
        known.map_err(|error| Status::unavailable(error.to_string()))?;
        let how = how.within(until.saturating_duration_since(Instant::now()));
        let send = |channel, attempt| {
            let sent = send(GetCaptchaClient::new(channel), attempt);
            async { Ok(sent.await?.into_inner()) }
        };
        self.caller
            .call(how, send)
            .await
            .map_err(|failed: Failed| failed.status())
    }
    // ANCHOR_END: call
}

#[tonic::async_trait]
impl web::Captchas for Behind {
    async fn call(
        &self,
        request: pb::CallRequest,
        until: Instant,
    ) -> Result<pb::CallResponse, Status> {
        let request = &request;
        let send = |mut client: GetCaptchaClient<Channel>, attempt: caller::Attempt| async move {
            client.call(attempt.request(request.clone())).await
        };
        self.call(How::safe(), until, send).await
    }

    async fn verify(
        &self,
        request: pb::VerifyRequest,
        until: Instant,
    ) -> Result<pb::VerifyResponse, Status> {
        let request = &request;
        let send = |mut client: GetCaptchaClient<Channel>, attempt: caller::Attempt| async move {
            client.verify(attempt.request(request.clone())).await
        };
        self.call(How::once(), until, send).await
    }

    async fn session(
        &self,
        request: pb::SessionRequest,
        until: Instant,
    ) -> Result<pb::SessionResponse, Status> {
        let request = &request;
        let send = |mut client: GetCaptchaClient<Channel>, attempt: caller::Attempt| async move {
            client.session(attempt.request(request.clone())).await
        };
        self.call(How::safe(), until, send).await
    }
}
