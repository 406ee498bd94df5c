//! Targets of checks: an HTTP server that answers what it is told, a TCP port that is open or not, a gRPC
//! health service.

use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::sync::{Arc, Mutex};

use axum::extract::Request;
use axum::http::StatusCode;
use tokio::task::AbortHandle;
use tonic_health::ServingStatus;
use tonic_health::server::{HealthReporter, health_reporter};

use super::http::{RUNTIME, block_on};

/// A free port of this machine.
const ANY: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 0);

/// An HTTP server whose next answers can be chosen.
pub struct Web {
    /// Where it listens.
    pub addr: SocketAddr,
    state: Arc<Mutex<State>>,
}

struct State {
    status: StatusCode,
    body: String,
    requests: Vec<String>,
}

/// Notes a request, its head and its body, and gives the answer of the moment.
async fn answer(request: Request, state: Arc<Mutex<State>>) -> (StatusCode, String) {
    let (head, body) = request.into_parts();
    let body = axum::body::to_bytes(body, usize::MAX).await.unwrap();
    let mut text = format!("{} {} {:?}\r\n", head.method, head.uri, head.version);
    for (name, value) in &head.headers {
        text += &format!("{name}: {}\r\n", value.to_str().unwrap());
    }
    let mut state = state.lock().unwrap();
    let body = String::from_utf8_lossy(&body);
    state.requests.push(format!("{text}\r\n{body}"));
    (state.status, state.body.clone())
}

impl Web {
    /// Starts one that answers 200.
    pub fn start() -> Self {
        let listener = block_on(tokio::net::TcpListener::bind(ANY)).unwrap();
        let addr = listener.local_addr().unwrap();
        let state = Arc::new(Mutex::new(State {
            status: StatusCode::OK,
            body: "fine".to_string(),
            requests: Vec::new(),
        }));
        let shared = Arc::clone(&state);
        let told = move |request| answer(request, Arc::clone(&shared));
        let server = axum::Router::new().fallback(told);
        RUNTIME.spawn(axum::serve(listener, server).into_future());
        Web { addr, state }
    }

    /// From now on it answers this.
    pub fn answer(&self, status: u16, body: &str) {
        let mut state = self.state.lock().unwrap();
        state.status = StatusCode::from_u16(status).unwrap();
        state.body = body.to_string();
    }

    /// The requests so far, heads and bodies.
    pub fn requests(&self) -> Vec<String> {
        self.state.lock().unwrap().requests.clone()
    }

    /// The address of a page there.
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.addr)
    }
}

/// A port that takes connections as long as this is held.
pub struct Port {
    /// Which one.
    pub addr: SocketAddr,
    _listener: TcpListener,
}

impl Port {
    /// A free port, opened.
    pub fn open() -> Self {
        Port::open_at(ANY)
    }

    /// The same port again, after it was closed.
    pub fn open_at(addr: SocketAddr) -> Self {
        let listener = TcpListener::bind(addr).unwrap();
        let addr = listener.local_addr().unwrap();
        Port {
            addr,
            _listener: listener,
        }
    }
}

/// A gRPC server with nothing but the health service. It ends with this value.
pub struct Grpc {
    /// Where it listens.
    pub addr: SocketAddr,
    server: AbortHandle,
    reporter: HealthReporter,
}

impl Grpc {
    /// A server that is serving, as a whole.
    pub fn start() -> Self {
        let (reporter, service) = health_reporter();
        let listener = block_on(tokio::net::TcpListener::bind(ANY)).unwrap();
        let addr = listener.local_addr().unwrap();
        let incoming = tokio_stream::wrappers::TcpListenerStream::new(listener);
        let server = tonic::transport::Server::builder().add_service(service);
        let server = RUNTIME.spawn(server.serve_with_incoming(incoming));
        Grpc {
            addr,
            server: server.abort_handle(),
            reporter,
        }
    }

    /// Says how `service` is; the server as a whole is the service without a name.
    pub fn set(&self, service: &str, status: ServingStatus) {
        block_on(self.reporter.set_service_status(service, status));
    }
}

impl Drop for Grpc {
    fn drop(&mut self) {
        self.server.abort();
    }
}
