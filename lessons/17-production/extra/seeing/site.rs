//! The captcha site of lesson 16, with spans where its parts meet: the web, its calls, the service, and its store.

use std::net::SocketAddr;

use axum::Router;
use l16_captcha::pb::get_captcha_client::GetCaptchaClient;
use l16_captcha::pb::get_captcha_server::GetCaptchaServer;
use l16_captcha::pb::{
    CallRequest, CallResponse, SessionRequest, SessionResponse, VerifyRequest, VerifyResponse,
};
use l16_captcha::rules::{Store, Unavailable};
use l16_captcha::service::{Captchas, Settings};
use l16_captcha::store::Redis;
use l16_captcha::web;
use tokio::net::TcpListener;
use tokio::time::Instant;
use tonic::service::interceptor::InterceptedService;
use tonic::transport::server::TcpIncoming;
use tonic::transport::{Channel, Endpoint, Server};
use tonic::{Request, Response, Status};
use tracing::field::Empty;
use tracing::{Instrument, Span, info_span};

use super::context::{ServerSpans, inject};
use super::metrics::Metrics;

// ANCHOR: service
/// The captcha service on a Redis. It returns when the process ends.
///
/// # Errors
/// If the client of Redis refuses its settings, or the server fails.
pub async fn serve_captchas(listener: TcpListener, redis: SocketAddr) -> anyhow::Result<()> {
    let store = WithSpans(Redis::new(redis)?);
    let settings = Settings {
        redis,
        ..Settings::default()
    };
    // Without it the end of an answer waits for an acknowledgement of its beginning: 40 ms, as the first trace has shown.
    let connections = TcpIncoming::from(listener).with_nodelay(Some(true));
    Server::builder()
        .layer(ServerSpans)
        .add_service(GetCaptchaServer::new(Captchas::new(store, settings)))
        .serve_with_incoming(connections)
        .await?;
    Ok(())
}
// ANCHOR_END: service

/// The web, which calls the service at one address. It has to be made within a tokio runtime.
///
/// # Errors
/// If the address is not one of HTTP.
pub fn web(captchas: SocketAddr) -> anyhow::Result<Router> {
    let channel = Endpoint::from_shared(format!("http://{captchas}"))?.connect_lazy();
    let calls = Calls(GetCaptchaClient::with_interceptor(channel, inject));
    let site = web::router(calls, web::Settings::default());
    Ok(Metrics::default().measure(site.layer(ServerSpans)))
}

/// Serves the web. It returns when the process ends.
///
/// # Errors
/// If the server fails.
pub async fn serve_web(listener: TcpListener, router: Router) -> anyhow::Result<()> {
    let service = router.into_make_service_with_connect_info::<SocketAddr>();
    Ok(axum::serve(listener, service).await?)
}

type Interceptor = fn(Request<()>) -> Result<Request<()>, Status>;

/// The calls of the web, each with a span.
struct Calls(GetCaptchaClient<InterceptedService<Channel, Interceptor>>);

// ANCHOR: calls
#[tonic::async_trait]
impl web::Captchas for Calls {
    async fn call(&self, request: CallRequest, until: Instant) -> Result<CallResponse, Status> {
        let mut client = self.0.clone();
        traced("Call", client.call(until_then(request, until))).await
    }

    async fn verify(
        &self,
        request: VerifyRequest,
        until: Instant,
    ) -> Result<VerifyResponse, Status> {
        let mut client = self.0.clone();
        traced("Verify", client.verify(until_then(request, until))).await
    }

    async fn session(
        &self,
        request: SessionRequest,
        until: Instant,
    ) -> Result<SessionResponse, Status> {
        let mut client = self.0.clone();
        traced("Session", client.session(until_then(request, until))).await
    }
}

/// The interceptor runs inside of this span, so it sends this span's id.
async fn traced<T>(
    method: &str,
    call: impl Future<Output = Result<Response<T>, Status>>,
) -> Result<T, Status> {
    let name = format!("captcha.v1.GetCaptcha/{method}");
    let span = info_span!(
        "call",
        otel.name = name,
        otel.kind = "client",
        otel.status_code = Empty,
    );
    let outcome = call.instrument(span.clone()).await;
    failed(&span, outcome.is_err());
    Ok(outcome?.into_inner())
}
// ANCHOR_END: calls

fn until_then<T>(message: T, until: Instant) -> Request<T> {
    let mut request = Request::new(message);
    request.set_timeout(until.saturating_duration_since(Instant::now()));
    request
}

fn failed(span: &Span, failed: bool) {
    if failed {
        span.record("otel.status_code", "ERROR");
    }
}

/// A store whose commands have spans. Keys and values stay out of them: a trace has more readers than a store.
struct WithSpans<S>(S);

// ANCHOR: store
impl<S: Store> Store for WithSpans<S> {
    async fn keep(&self, key: &str, value: &str, seconds: u64) -> Result<(), Unavailable> {
        command("SET", self.0.keep(key, value, seconds)).await
    }

    async fn keep_new(
        &self,
        key: &str,
        value: &str,
        seconds: u64,
    ) -> Result<Option<String>, Unavailable> {
        command("SET NX", self.0.keep_new(key, value, seconds)).await
    }

    async fn look(&self, key: &str) -> Result<Option<String>, Unavailable> {
        command("GET", self.0.look(key)).await
    }

    async fn take(&self, key: &str) -> Result<Option<String>, Unavailable> {
        command("GETDEL", self.0.take(key)).await
    }

    async fn count(&self, key: &str, seconds: u64) -> Result<u64, Unavailable> {
        command("INCR", self.0.count(key, seconds)).await
    }
}

async fn command<T>(
    name: &str,
    work: impl Future<Output = Result<T, Unavailable>>,
) -> Result<T, Unavailable> {
    let span = info_span!(
        "command",
        otel.name = format!("redis {name}"),
        otel.kind = "client",
        otel.status_code = Empty,
        db.system.name = "redis",
    );
    let outcome = work.instrument(span.clone()).await;
    failed(&span, outcome.is_err());
    outcome
}
// ANCHOR_END: store
