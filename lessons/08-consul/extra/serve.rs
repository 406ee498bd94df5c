//! The HTTP server and its limits: the number of connections, the time in which a request must arrive, and its
//! size.
//!
//! axum's own `serve` takes any number of connections and waits for a header as long as it takes. An
//! agent is called by everyone, so both are bounded here.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::{Request, Response};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
pub use stage::hosts::Hosts;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tower::ServiceExt;

use crate::extra::path;

/// The head of a request may be so long.
const HEAD: usize = 64 * 1024;

/// The limits of the server.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "said in the config")]
pub struct Limits {
    pub connections: usize,
    pub head_timeout: Duration,
    pub hosts: Hosts,
}

/// Accepts without end. Dropping the future ends every connection with it.
pub async fn run(listener: TcpListener, router: Router, limits: Limits) {
    let places = Arc::new(Semaphore::new(limits.connections));
    let mut connections = JoinSet::new();
    loop {
        // The permit first: a connection without one waits in the system's queue and costs nothing here.
        let Ok(place) = places.clone().acquire_owned().await else {
            return;
        };
        let stream = match listener.accept().await {
            Ok((stream, _)) => stream,
            Err(_) => {
                // Out of file handles, most likely: some will come free.
                tokio::time::sleep(Duration::from_millis(20)).await;
                continue;
            }
        };
        while connections.try_join_next().is_some() {}
        let (router, hosts) = (router.clone(), limits.hosts.clone());
        connections.spawn(async move {
            // Small answers that wait for each other's acknowledgements would cost 40 ms each.
            drop(stream.set_nodelay(true));
            let service = service_fn(move |request: Request<Incoming>| {
                let router = router.clone();
                let refused = hosts.check(&request).err();
                async move {
                    if let Some(refused) = refused {
                        let mut answer = Response::new(Body::from(refused.to_string()));
                        *answer.status_mut() = refused.status();
                        return Ok(answer);
                    }
                    let request = request.map(Body::new);
                    match path::tidy(&request) {
                        Some(answer) => Ok::<_, Infallible>(answer),
                        None => router.oneshot(request).await,
                    }
                }
            });
            let mut http = hyper::server::conn::http1::Builder::new();
            // Consul writes `X-Consul-Index`; names have no case, but people compare what they see.
            http.timer(TokioTimer::new())
                .header_read_timeout(limits.head_timeout)
                .max_buf_size(HEAD)
                .title_case_headers(true);
            // A connection that breaks is the peer's affair.
            drop(http.serve_connection(TokioIo::new(stream), service).await);
            drop(place);
        });
    }
}
