//! What the tests share: the lesson's server inside of the test or as a program, calls made by hand,
//! and a deadline for everything.
#![allow(
    dead_code,
    reason = "on other systems than Unix some tests are left out"
)]

use std::future::Future;
use std::net::SocketAddr;

use http_body_util::BodyExt;
use l06_grpc::client::{Client, Options};
use l06_grpc::server::{self, Settings};
use testkit::program::{Binary, PATIENCE};
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tonic::Code;
use tonic::body::Body;
use tonic::codegen::Service;
use tonic::codegen::http::{HeaderMap, HeaderValue, Request};
use tonic::service::{Routes, RoutesBuilder};
use tonic::transport::Channel;

/// Fails in place of waiting without a limit.
#[track_caller]
pub fn within<F: Future>(future: F) -> impl Future<Output = F::Output> {
    let caller = std::panic::Location::caller();
    async move {
        match tokio::time::timeout(PATIENCE, future).await {
            Ok(value) => value,
            Err(_) => panic!("{caller}: nothing for {PATIENCE:?}"),
        }
    }
}

/// The services of this lesson without reflection and health.
pub fn routes() -> Routes {
    let mut routes = RoutesBuilder::default();
    server::add_services(&mut routes);
    routes.routes()
}

/// A server inside of the test.
pub struct Server {
    pub addr: SocketAddr,
    pub stop: Option<oneshot::Sender<()>>,
    pub ended: JoinHandle<()>,
}

impl Server {
    /// Everything of this lesson.
    pub async fn start(settings: Settings) -> Self {
        let (routes, _) = server::everything().await.unwrap();
        Self::of(routes, settings).await
    }

    pub async fn of(routes: Routes, settings: Settings) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        Self::on(listener, routes, settings)
    }

    pub fn on(listener: TcpListener, routes: Routes, settings: Settings) -> Self {
        let addr = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel::<()>();
        let shutdown = async move {
            // A dropped sender is no wish to end: tests may forget the server.
            if stopped.await.is_err() {
                std::future::pending().await
            }
        };
        let ended = tokio::spawn(async move {
            server::serve_with(listener, routes, settings, shutdown)
                .await
                .unwrap();
        });
        Server {
            addr,
            stop: Some(stop),
            ended,
        }
    }

    pub async fn client(&self) -> Client {
        self.client_with(Options::default()).await
    }

    pub async fn client_with(&self, options: Options) -> Client {
        within(Client::connect(self.addr, options)).await.unwrap()
    }
}

/// What came of a call made by hand.
#[derive(Debug)]
pub struct Answer {
    pub code: Code,
    pub headers: HeaderMap,
    pub trailers: HeaderMap,
    pub body: Vec<u8>,
}

/// A call with any path, any headers and any body.
pub async fn by_hand(
    channel: &Channel,
    path: &str,
    headers: &[(&'static str, &[u8])],
    body: Body,
) -> Answer {
    let mut channel = channel.clone();
    std::future::poll_fn(|cx| channel.poll_ready(cx))
        .await
        .unwrap();
    let mut request = Request::post(path).body(body).unwrap();
    let own = request.headers_mut();
    own.insert("te", HeaderValue::from_static("trailers"));
    own.insert("content-type", HeaderValue::from_static("application/grpc"));
    for (name, value) in headers {
        own.insert(*name, HeaderValue::from_bytes(value).unwrap());
    }
    let response = within(channel.call(request)).await.unwrap();
    let (parts, body) = response.into_parts();
    let body = within(body.collect()).await.unwrap();
    let trailers = body.trailers().cloned().unwrap_or_default();
    let code = parts
        .headers
        .get("grpc-status")
        .or(trailers.get("grpc-status"));
    Answer {
        code: Code::from_bytes(code.unwrap().as_bytes()),
        headers: parts.headers,
        body: body.to_bytes().to_vec(),
        trailers,
    }
}

/// A body of these bytes.
pub fn full(bytes: impl AsRef<[u8]>) -> Body {
    let bytes = tonic::codegen::Bytes::copy_from_slice(bytes.as_ref());
    Body::new(http_body_util::Full::new(bytes))
}

/// `HelloRequest { name: "wire" }` with the five bytes in front.
pub const WIRE: &[u8] = b"\0\0\0\0\x06\x0a\x04wire";

// ---- the program

/// The lesson's program.
pub const L06: Binary = Binary(env!("CARGO_BIN_EXE_l06-grpc"));
