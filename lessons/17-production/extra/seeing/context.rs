//! The context of a trace on the wire: the header `traceparent` of W3C, read by servers and written by clients. HTTP and
//! gRPC have the same headers, so both halves are for both.

use std::pin::Pin;
use std::sync::LazyLock;
use std::task::{Context as TaskContext, Poll};

use axum::extract::MatchedPath;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Request, Response};
use opentelemetry::Context;
use opentelemetry::propagation::{Extractor, Injector, TextMapPropagator};
use opentelemetry_sdk::propagation::TraceContextPropagator;
use tonic::Status;
use tower::{Layer, Service};
use tracing::field::Empty;
use tracing::{Instrument, Span, info_span};
use tracing_opentelemetry::OpenTelemetrySpanExt;

static PROPAGATOR: LazyLock<TraceContextPropagator> = LazyLock::new(TraceContextPropagator::new);

// ANCHOR: headers
struct Incoming<'h>(&'h HeaderMap);

impl Extractor for Incoming<'_> {
    fn get(&self, key: &str) -> Option<&str> {
        self.0.get(key)?.to_str().ok()
    }

    fn keys(&self) -> Vec<&str> {
        self.0.keys().map(HeaderName::as_str).collect()
    }
}

struct Outgoing<'h>(&'h mut HeaderMap);

impl Injector for Outgoing<'_> {
    fn set(&mut self, key: &str, value: String) {
        let name = HeaderName::try_from(key);
        if let (Ok(name), Ok(value)) = (name, HeaderValue::try_from(value)) {
            self.0.insert(name, value);
        }
    }
}
// ANCHOR_END: headers

/// The context that a request carries; an empty one if it carries none, or one that cannot be read.
pub fn extract(headers: &HeaderMap) -> Context {
    PROPAGATOR.extract_with_context(&Context::new(), &Incoming(headers))
}

// ANCHOR: inject
/// Writes the context of the current span into the metadata of a call: an interceptor for a client of tonic.
///
/// # Errors
/// Never.
pub fn inject(mut call: tonic::Request<()>) -> Result<tonic::Request<()>, Status> {
    let context = Span::current().context();
    let mut headers = Outgoing(call.metadata_mut().as_mut());
    PROPAGATOR.inject_context(&context, &mut headers);
    Ok(call)
}
// ANCHOR_END: inject

/// Middleware of a server of HTTP or gRPC: a span for each request, whose parent is the caller's span.
#[derive(Clone, Copy, Debug)]
pub struct ServerSpans;

impl<S> Layer<S> for ServerSpans {
    type Service = WithSpan<S>;

    fn layer(&self, inner: S) -> WithSpan<S> {
        WithSpan(inner)
    }
}

/// The service that [`ServerSpans`] wraps around another.
#[derive(Clone, Debug)]
pub struct WithSpan<S>(S);

// ANCHOR: server
impl<S, B, R> Service<Request<B>> for WithSpan<S>
where
    S: Service<Request<B>, Response = Response<R>>,
    S::Future: Send + 'static,
    S::Error: Send,
{
    type Response = Response<R>;
    type Error = S::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Response<R>, S::Error>> + Send>>;

    fn poll_ready(&mut self, context: &mut TaskContext<'_>) -> Poll<Result<(), S::Error>> {
        self.0.poll_ready(context)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let span = server_span(&request);
        // Refused if the span is not kept; then there is nothing to join.
        let _ = span.set_parent(extract(request.headers()));
        let reply = span.in_scope(|| self.0.call(request));
        let recorded = async move {
            let reply = reply.await;
            if let Ok(reply) = &reply {
                record(&Span::current(), reply);
            }
            reply
        };
        Box::pin(recorded.instrument(span))
    }
}
// ANCHOR_END: server

/// A call of gRPC that fails has the status 200 of HTTP, and its own status in another header.
fn record<R>(span: &Span, reply: &Response<R>) {
    let status = reply.status();
    span.record("http.response.status_code", status.as_u16());
    let grpc = reply.headers().get(Status::GRPC_STATUS);
    if status.is_server_error() || grpc.is_some_and(|status| status != "0") {
        span.record("otel.status_code", "ERROR");
    }
}

// ANCHOR: name
/// The name of a span says which kind of request it is. A path with an id in it would be a name of its own for each
/// request, so the name is the route.
fn server_span<B>(request: &Request<B>) -> Span {
    let path = match request.extensions().get::<MatchedPath>() {
        Some(route) => format!("{} {}", request.method(), route.as_str()),
        None if is_grpc(request.headers()) => request.uri().path().trim_matches('/').to_owned(),
        None => request.method().to_string(),
    };
    info_span!(
        "request",
        otel.name = path,
        otel.kind = "server",
        otel.status_code = Empty,
        http.response.status_code = Empty,
    )
}
// ANCHOR_END: name

/// Tonic has checked the path of a call of gRPC only after this middleware, so a caller may have made it up.
fn is_grpc(headers: &HeaderMap) -> bool {
    let kind = headers.get("content-type");
    kind.is_some_and(|kind| kind.as_bytes().starts_with(b"application/grpc"))
}
