//! What checks look at: an HTTP server that answers what it is told, a TCP port that is open or not,
//! a gRPC health service.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::sync::{Arc, Mutex};
use std::thread;

use tonic_health::ServingStatus;

/// An HTTP server whose next answers can be chosen.
pub struct Web {
    /// Where it listens.
    pub addr: SocketAddr,
    state: Arc<Mutex<State>>,
}

struct State {
    status: u16,
    body: String,
    requests: Vec<String>,
}

impl Web {
    /// Starts one that answers 200.
    pub fn start() -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let addr = listener.local_addr().unwrap();
        let state = Arc::new(Mutex::new(State {
            status: 200,
            body: "fine".to_string(),
            requests: Vec::new(),
        }));
        let shared = Arc::clone(&state);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let shared = Arc::clone(&shared);
                thread::spawn(move || serve(stream, &shared));
            }
        });
        Web { addr, state }
    }

    /// From now on it answers this.
    pub fn answer(&self, status: u16, body: &str) {
        let mut state = self.state.lock().unwrap();
        state.status = status;
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

fn serve(mut stream: std::net::TcpStream, state: &Mutex<State>) {
    let mut request = Vec::new();
    let mut piece = [0; 4096];
    loop {
        // One request a connection; a client that sends less than it says is not served.
        let Ok(read @ 1..) = stream.read(&mut piece) else {
            return;
        };
        request.extend_from_slice(&piece[..read]);
        let text = String::from_utf8_lossy(&request).into_owned();
        let Some((head, body)) = text.split_once("\r\n\r\n") else {
            continue;
        };
        let head = head.to_ascii_lowercase();
        let length = head.split("content-length: ").nth(1);
        let length = length.and_then(|rest| rest.lines().next()?.parse().ok());
        if body.len() >= length.unwrap_or(0) {
            let mut state = state.lock().unwrap();
            state.requests.push(text);
            let answer = format!(
                "HTTP/1.1 {} Told\r\nConnection: close\r\nContent-Length: {}\r\n\r\n{}",
                state.status,
                state.body.len(),
                state.body
            );
            // A client that is gone needs no answer.
            let _ = stream.write_all(answer.as_bytes());
            return;
        }
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
        Port::open_at(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)))
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
    runtime: Option<tokio::runtime::Runtime>,
    reporter: tonic_health::server::HealthReporter,
}

impl Grpc {
    /// A server that is serving, as a whole.
    pub fn start() -> Self {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let (reporter, service) = tonic_health::server::health_reporter();
        let listener = runtime.block_on(tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)));
        let listener = listener.unwrap();
        let addr = listener.local_addr().unwrap();
        let incoming = tokio_stream::wrappers::TcpListenerStream::new(listener);
        let server = tonic::transport::Server::builder().add_service(service);
        runtime.spawn(server.serve_with_incoming(incoming));
        Grpc {
            addr,
            runtime: Some(runtime),
            reporter,
        }
    }

    /// Says how `service` is; the server as a whole is the service without a name.
    pub fn set(&self, service: &str, status: ServingStatus) {
        let runtime = self.runtime.as_ref().expect("it runs");
        runtime.block_on(self.reporter.set_service_status(service, status));
    }
}

impl Drop for Grpc {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}
