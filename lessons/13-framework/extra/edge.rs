//! An HTTP server for the edge of a network, where browsers connect: lessons 14 and 16 serve with it. The
//! server of axum accepts any number of connections and waits for a header without a limit; this one has
//! limits for both.

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::Request;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use tower::ServiceExt;

/// The limits of the server.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// So many connections; others wait in the system's queue.
    pub connections: usize,
    /// The time for the head of a request, also for the next one on the same connection.
    pub head: Duration,
    /// All headers of a request, in bytes; 8,192 at least.
    pub headers: usize,
    /// How long requests may go on after the server was asked to end.
    pub grace: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            connections: 1000,
            head: Duration::from_secs(10),
            headers: 64 << 10,
            grace: Duration::from_secs(10),
        }
    }
}

/// Serves until `shutdown` is ready; requests under way are finished first, within the grace. Each
/// request is told the address of its peer.
///
/// # Errors
/// None at present. A connection that breaks is the browser's affair.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    limits: Limits,
    shutdown: impl Future<Output = ()>,
) -> io::Result<()> {
    let places = Arc::new(Semaphore::new(limits.connections));
    let (end, ending) = watch::channel(false);
    let mut connections = JoinSet::new();
    let mut shutdown = pin!(shutdown);
    loop {
        let next = async {
            // The place first: whoever finds none costs nothing here.
            let place = places.clone().acquire_owned().await;
            (place, listener.accept().await)
        };
        let (place, accepted) = tokio::select! {
            next = next => next,
            () = &mut shutdown => break,
        };
        while connections.try_join_next().is_some() {}
        let Ok((stream, peer)) = accepted else {
            // Out of file handles, most likely: some will come free.
            sleep(Duration::from_millis(20)).await;
            continue;
        };
        let connection = connection(stream, peer, router.clone(), limits, ending.clone());
        connections.spawn(async move {
            connection.await;
            drop(place);
        });
    }
    drop(listener);
    let _ = end.send(true);
    let all = async { while connections.join_next().await.is_some() {} };
    // Who is left then is cut off, when the set is dropped.
    let _ = timeout(limits.grace, all).await;
    Ok(())
}

async fn connection(
    stream: TcpStream,
    peer: SocketAddr,
    router: Router,
    limits: Limits,
    mut ending: watch::Receiver<bool>,
) {
    // Small answers that wait for each other's acknowledgements would cost 40 ms each.
    drop(stream.set_nodelay(true));
    let service = service_fn(move |request: Request<Incoming>| {
        let mut request = request.map(Body::new);
        request.extensions_mut().insert(ConnectInfo(peer));
        let answer = router.clone().oneshot(request);
        async move { Ok::<_, Infallible>(answer.await.unwrap_or_else(|never| match never {})) }
    });
    let mut http = hyper::server::conn::http1::Builder::new();
    http.timer(TokioTimer::new())
        .header_read_timeout(limits.head)
        // hyper panics below that.
        .max_buf_size(limits.headers.max(8 << 10));
    let mut serving = pin!(http.serve_connection(TokioIo::new(stream), service));
    tokio::select! {
        served = serving.as_mut() => return drop(served),
        _ = ending.wait_for(|ending| *ending) => serving.as_mut().graceful_shutdown(),
    }
    drop(serving.await);
}
