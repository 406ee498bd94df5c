//! HTTP/1.1 for a router of axum, with the limits that `axum::serve` does not have: so many connections,
//! so long for a head, and an end that finishes what has begun.

use std::convert::Infallible;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::Request;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;
use tower::ServiceExt;

/// What a browser may make the server hold or wait for.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// So many connections at the same time; more wait in the system's queue.
    pub connections: usize,
    /// The time for the head of a request, and for the pause before it.
    pub head: Duration,
    /// The longest head, in bytes.
    pub head_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            connections: 1024,
            head: Duration::from_secs(10),
            head_bytes: 32 << 10,
        }
    }
}

// ANCHOR: serve
/// Serves until `shutdown`, and returns when all requests that had begun are answered. Dropping the
/// future ends every connection with it.
///
/// # Errors
/// None; the type is what [`l13_framework::service::Service::run_with`] wants.
pub async fn run(
    listener: TcpListener,
    router: Router,
    limits: Limits,
    shutdown: impl Future<Output = ()>,
) -> anyhow::Result<()> {
    let places = Arc::new(Semaphore::new(limits.connections));
    let (close, closing) = watch::channel(false);
    let mut connections = JoinSet::new();
    tokio::pin!(shutdown);
    loop {
        let accepted = async {
            // The place first: whoever finds none waits in the system's queue and costs nothing here.
            let place = places.clone().acquire_owned().await;
            (place, listener.accept().await)
        };
        let (place, accepted) = tokio::select! {
            () = &mut shutdown => break,
            accepted = accepted => accepted,
        };
        while connections.try_join_next().is_some() {}
        let Ok((stream, _)) = accepted else {
            // Out of file handles, most likely: some will come free.
            tokio::time::sleep(Duration::from_millis(20)).await;
            continue;
        };
        let connection = connection(stream, router.clone(), limits, closing.clone());
        connections.spawn(async move {
            connection.await;
            drop(place);
        });
    }
    drop(listener);
    close.send_replace(true);
    while connections.join_next().await.is_some() {}
    Ok(())
}
// ANCHOR_END: serve

async fn connection(
    stream: TcpStream,
    router: Router,
    limits: Limits,
    mut closing: watch::Receiver<bool>,
) {
    // Small answers that wait for each other's acknowledgements would cost 40 ms each.
    drop(stream.set_nodelay(true));
    let service = service_fn(move |request: Request<Incoming>| {
        let router = router.clone();
        async move { Ok::<_, Infallible>(settled(router.oneshot(request.map(Body::new)).await)) }
    });
    let mut http = hyper::server::conn::http1::Builder::new();
    http.timer(TokioTimer::new())
        .header_read_timeout(limits.head)
        .max_buf_size(limits.head_bytes);
    let connection = http.serve_connection(TokioIo::new(stream), service);
    tokio::pin!(connection);
    let asked = tokio::select! {
        // A connection that breaks is the peer's affair.
        _ = &mut connection => false,
        _ = closing.wait_for(|closing| *closing) => true,
    };
    if asked {
        // Finishes the request that is under way, if there is one.
        connection.as_mut().graceful_shutdown();
        drop(connection.await);
    }
}

/// A router of axum cannot fail; the type knows it.
fn settled<T>(outcome: Result<T, Infallible>) -> T {
    match outcome {
        Ok(value) => value,
        Err(never) => match never {},
    }
}
