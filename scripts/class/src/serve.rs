//! Accepts TLS connections within limits, and hands each to the routes.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::Request;
use hyper::body::Incoming;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::time::{sleep, timeout};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tower::ServiceExt as _;

/// Connections at once: 200 learners, as many phones, and room to come back. Below the usual 1024 files of a process.
const CONNECTIONS: usize = 900;
/// Time for the handshake.
const HANDSHAKE: Duration = Duration::from_secs(10);
/// Time for the head of a request, which is also how long a connection may be idle.
const HEAD: Duration = Duration::from_secs(60);

/// Serves until the future is dropped.
pub async fn serve(listener: TcpListener, config: ServerConfig, router: Router) -> Infallible {
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let permits = Arc::new(Semaphore::new(CONNECTIONS));
    loop {
        let permit = Arc::clone(&permits).acquire_owned().await;
        let (stream, peer) = match listener.accept().await {
            Ok(accepted) => accepted,
            Err(_) => {
                // Usually too many open files: some are closed in a moment.
                sleep(Duration::from_millis(50)).await;
                continue;
            }
        };
        let (acceptor, router) = (acceptor.clone(), router.clone());
        tokio::spawn(async move {
            talk(stream, peer, acceptor, router).await;
            drop(permit);
        });
    }
}

/// One connection to its end. What goes wrong on it concerns its client alone.
async fn talk(stream: TcpStream, peer: SocketAddr, acceptor: TlsAcceptor, router: Router) {
    let _ = stream.set_nodelay(true);
    let Ok(Ok(stream)) = timeout(HANDSHAKE, acceptor.accept(stream)).await else {
        return;
    };
    let service = hyper::service::service_fn(move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(peer.ip());
        let router = router.clone();
        async move { router.oneshot(request).await }
    });
    let _ = hyper::server::conn::http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD)
        .max_buf_size(16 * 1024)
        .serve_connection(TokioIo::new(stream), service)
        .await;
}
