//! Handlers and lines on gRPC.

use std::convert::Infallible;
use std::future::Future;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use l06_grpc::server::{MESSAGE, Settings, serve_with};
use l06_grpc::{deadline, status};
use l12_resilience::deadline as travelling;
use tokio::net::TcpListener;
use tokio::time::{Instant, timeout_at};
use tonic::body::Body;
use tonic::codec::CompressionEncoding::Gzip;
use tonic::codegen::http::uri::PathAndQuery;
use tonic::codegen::{Body as HttpBody, StdError, http};
use tonic::server::UnaryService;
use tonic::service::Routes;
use tonic::transport::{Channel, Endpoint};
use tonic::{Request, Response, Status};
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_client::HealthClient;

use super::bytes_codec::BytesCodec;
use super::handlers::{Handler, Handlers};
use crate::transport::{Method, late};

/// Adds every handler under its path, and lets the caller's deadline travel on through all of `routes`.
pub(crate) fn routes(routes: Routes, handlers: &Handlers) -> Routes {
    let mut router = routes.into_axum_router();
    for (method, handler) in handlers.iter() {
        let handler = Unary(handler.clone());
        router = router.route_service(&method.path(), handler);
    }
    Routes::from(router.layer(tower::layer::layer_fn(Scoped)))
}

/// Serves until `shutdown` is ready. Each connected client gets GOAWAY then; calls under way go on for
/// the grace of `settings`.
pub(crate) async fn serve(
    listener: TcpListener,
    routes: Routes,
    settings: Settings,
    shutdown: impl Future<Output = ()>,
) -> anyhow::Result<()> {
    Ok(serve_with(listener, routes, settings, shutdown).await?)
}

/// One handler as an HTTP service. tonic would make a type for each service of a .proto file; the names
/// of these are known only when the program runs.
#[derive(Clone)]
struct Unary(Handler);

impl UnaryService<Bytes> for Unary {
    type Response = Bytes;
    type Future = Pin<Box<dyn Future<Output = Result<Response<Bytes>, Status>> + Send>>;

    fn call(&mut self, request: Request<Bytes>) -> Self::Future {
        let running = (self.0)(request.into_inner());
        Box::pin(async move { Ok(Response::new(running.await?.into())) })
    }
}

impl<B> tower::Service<http::Request<B>> for Unary
where
    B: HttpBody + Send + 'static,
    B::Error: Into<StdError> + Send + 'static,
{
    type Response = http::Response<Body>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<B>) -> Self::Future {
        let handler = self.clone();
        Box::pin(async move {
            let mut grpc = tonic::server::Grpc::new(BytesCodec)
                .max_decoding_message_size(MESSAGE)
                .max_encoding_message_size(MESSAGE)
                .accept_compressed(Gzip)
                .send_compressed(Gzip);
            Ok(grpc.unary(handler, request).await)
        })
    }
}

/// Puts the caller's deadline where the calls that the handler makes find it.
#[derive(Clone)]
struct Scoped<S>(S);

impl<S, B> tower::Service<http::Request<B>> for Scoped<S>
where
    S: tower::Service<http::Request<B>>,
    S::Future: Send + 'static,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = Pin<Box<dyn Future<Output = Result<S::Response, S::Error>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.0.poll_ready(cx)
    }

    fn call(&mut self, request: http::Request<B>) -> Self::Future {
        // What cannot be read was refused further out.
        let left = deadline::asked_for(request.headers()).ok().flatten();
        let answer = self.0.call(request);
        match left {
            Some(left) => Box::pin(travelling::scope(Instant::now() + left, answer)),
            None => Box::pin(answer),
        }
    }
}

/// A channel to one place, connected.
pub(crate) async fn dial(addr: SocketAddr, until: Instant) -> Result<Channel, Status> {
    let endpoint = Endpoint::from_shared(format!("http://{addr}"))
        .map_err(|error| Status::invalid_argument(error.to_string()))?
        .http2_keep_alive_interval(Duration::from_secs(300))
        .keep_alive_timeout(Duration::from_secs(5))
        .keep_alive_while_idle(false);
    match timeout_at(until, endpoint.connect()).await {
        Ok(Ok(channel)) => Ok(channel),
        Ok(Err(error)) => {
            let words = format!("{addr} does not take the connection: {}", innermost(&error));
            Err(Status::unavailable(words))
        }
        Err(_) => Err(Status::unavailable(format!(
            "{addr} has not taken the connection in time"
        ))),
    }
}

fn innermost(error: &dyn std::error::Error) -> String {
    let mut innermost = error;
    while let Some(source) = innermost.source() {
        innermost = source;
    }
    innermost.to_string()
}

/// One call on it.
pub(crate) async fn unary(
    channel: Channel,
    method: &Method,
    message: Vec<u8>,
    until: Instant,
) -> Result<Bytes, Status> {
    let path = PathAndQuery::try_from(method.path())
        .map_err(|error| Status::invalid_argument(error.to_string()))?;
    let mut grpc = tonic::client::Grpc::new(channel)
        .max_decoding_message_size(MESSAGE)
        .max_encoding_message_size(MESSAGE);
    let call = async {
        (grpc.ready().await).map_err(|error| Status::from_error(Box::new(error)))?;
        let mut request = Request::new(Bytes::from(message));
        request.set_timeout(until.saturating_duration_since(Instant::now()));
        grpc.unary(request, path, BytesCodec).await
    };
    // tonic's own clock looks at the header; this one also at the time before there was one.
    let outcome = timeout_at(until, call)
        .await
        .unwrap_or_else(|_| Err(late()));
    // The other codes are normalized by lesson 12, after it has looked at the causes.
    outcome.map(Response::into_inner).map_err(status::too_long)
}

/// What its health service says about the server as a whole.
pub(crate) async fn serves(channel: Channel, until: Instant) -> Result<bool, Status> {
    let mut health = HealthClient::new(channel);
    let asked = health.check(HealthCheckRequest::default());
    let answer = timeout_at(until, asked).await.map_err(|_| late())??;
    Ok(answer.into_inner().status == i32::from(ServingStatus::Serving))
}
