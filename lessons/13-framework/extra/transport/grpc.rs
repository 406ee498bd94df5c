//! The transport on gRPC: its server and its connections.

use std::future::Future;
use std::net::SocketAddr;
use std::time::Duration;

use axum::middleware::{Next, from_fn};
use axum::routing::any;
use bytes::Bytes;
use l06_grpc::server::{MESSAGE, Settings, serve_with};
use l06_grpc::{deadline, status};
use l12_resilience::deadline as travelling;
use tokio::net::TcpListener;
use tokio::time::{Instant, timeout_at};
use tonic::body::Body;
use tonic::codec::CompressionEncoding::Gzip;
use tonic::codegen::http;
use tonic::codegen::http::uri::PathAndQuery;
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
        let handler = handler.clone();
        let answer = any(move |request| answer(handler, request));
        router = router.route(&method.path(), answer);
    }
    Routes::from(router.layer(from_fn(scoped)))
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

/// One call of a handler, over HTTP. tonic would make a type for each service of a .proto file; the names
/// of these are known only when the program runs.
async fn answer(handler: Handler, request: axum::extract::Request) -> http::Response<Body> {
    let handler = tower::service_fn(move |request: Request<Bytes>| {
        let running = handler(request.into_inner());
        async move { Ok::<_, Status>(Response::new(Bytes::from(running.await?))) }
    });
    let mut grpc = tonic::server::Grpc::new(BytesCodec)
        .max_decoding_message_size(MESSAGE)
        .max_encoding_message_size(MESSAGE)
        .accept_compressed(Gzip)
        .send_compressed(Gzip);
    grpc.unary(handler, request).await
}

/// Puts the caller's deadline where the calls that the handler makes find it.
async fn scoped(request: axum::extract::Request, next: Next) -> axum::response::Response {
    // What cannot be read was refused further out.
    match deadline::asked_for(request.headers()) {
        Ok(Some(left)) => travelling::scope(Instant::now() + left, next.run(request)).await,
        _ => next.run(request).await,
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

/// Asks the health service about the server as a whole.
pub(crate) async fn serves(channel: Channel, until: Instant) -> Result<bool, Status> {
    let mut health = HealthClient::new(channel);
    let asked = health.check(HealthCheckRequest::default());
    let answer = timeout_at(until, asked).await.map_err(|_| late())??;
    Ok(answer.into_inner().status == i32::from(ServingStatus::Serving))
}
