//! All services behind one port, and the shutdown: health reports NOT_SERVING, new calls are refused, running
//! calls get some time, and calls that still run then end with UNAVAILABLE.

use std::time::Duration;

use l06_grpc::guard::Guard;
use l06_grpc::middleware::Middleware;
use l06_grpc::server::connection_limit::ConnectionLimit;
use l06_grpc::{metadata, server as earlier, status};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::time::sleep;
use tonic::codec::CompressionEncoding::Gzip;
use tonic::service::{InterceptorLayer, RoutesBuilder};
use tonic::transport::Server;
use tonic_health::ServingStatus;

use crate::end::{self, Phase, reached};
use crate::pb;
use crate::pb::stream_service_server::{SERVICE_NAME, StreamService, StreamServiceServer};

// ANCHOR: settings
/// The limits of the server.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Every call must bring this token, if there is one.
    pub token: Option<String>,
    /// The most connections at the same time.
    pub connections: usize,
    /// The most calls at the same time on each connection.
    pub streams: u32,
    /// The longest request message, in bytes.
    pub message: usize,
    /// All headers of a call together, in bytes.
    pub headers: u32,
    /// The time for the first bytes of a connection.
    pub handshake: Duration,
    /// The longest call.
    pub longest: Duration,
    /// After this time without traffic the server sends a PING.
    pub ping: Duration,
    /// The client must answer the PING within this time.
    pub pong: Duration,
    /// The time that running calls get when the server stops.
    pub grace: Duration,
}
// ANCHOR_END: settings

impl Default for Settings {
    fn default() -> Self {
        Settings {
            token: None,
            connections: 100,
            streams: 100,
            message: 64 * 1024,
            headers: 16 * 1024,
            handshake: Duration::from_secs(10),
            longest: Duration::from_secs(60 * 60),
            ping: Duration::from_secs(20),
            pong: Duration::from_secs(10),
            grace: Duration::from_secs(10),
        }
    }
}

/// Why the server cannot serve.
#[derive(Debug, thiserror::Error)]
#[error("the server cannot serve")]
pub enum Error {
    /// The descriptors for reflection do not fit together.
    Reflection(#[from] tonic_reflection::server::Error),
    /// The transport.
    Transport(#[from] tonic::transport::Error),
}

/// Serves until `shutdown` is ready, and then stops within [`Settings::grace`].
///
/// # Errors
/// If the services do not fit together.
pub async fn serve<S: StreamService>(
    listener: TcpListener,
    streams: S,
    settings: Settings,
    shutdown: impl Future<Output = ()>,
) -> Result<(), Error> {
    // ANCHOR: services
    let mut routes = RoutesBuilder::default();
    earlier::add_services(&mut routes);
    let streams = StreamServiceServer::new(streams)
        .max_decoding_message_size(settings.message)
        .accept_compressed(Gzip);
    routes.add_service(streams);
    earlier::add_reflection(&mut routes, &[l06_grpc::pb::DESCRIPTORS, pb::DESCRIPTORS])?;
    let health = earlier::add_health(&mut routes);
    // ANCHOR_END: services
    let names = [&earlier::NAMES[..], &[SERVICE_NAME]].concat();
    earlier::report(&health, &names, ServingStatus::Serving).await;

    let (phase, phases) = watch::channel(Phase::Serving);
    let server = Server::builder()
        .max_concurrent_streams(settings.streams)
        .http2_max_header_list_size(settings.headers)
        .http2_keepalive_interval(Some(settings.ping))
        .http2_keepalive_timeout(Some(settings.pong));
    let of_calls = phases.clone();
    let server = server
        .layer(Middleware(metadata::stamp))
        .layer(Middleware(status::normalize_replies))
        .layer(Middleware(move |request, next| {
            end::keep(settings.longest, of_calls.clone(), request, next)
        }))
        .layer(InterceptorLayer::new(Guard::new(settings.token)))
        .add_routes(routes.routes());

    // ANCHOR: stop
    let incoming = ConnectionLimit::new(listener, settings.connections, settings.handshake);
    let serving = server.serve_with_incoming_shutdown(incoming, reached(phases, Phase::Finishing));
    let stopping = async {
        shutdown.await;
        // First the clients that watch: they can choose another server before a call is refused.
        earlier::report(&health, &names, ServingStatus::NotServing).await;
        let _ = phase.send(Phase::Finishing);
        sleep(FOR_WATCHERS.min(settings.grace)).await;
        let _ = phase.send(Phase::NoWatchers);
        sleep(settings.grace.saturating_sub(FOR_WATCHERS)).await;
        let _ = phase.send(Phase::Over);
        // Now every call has its status. A connection that does not read it is closed.
        sleep(FOR_STATUS).await;
    };
    tokio::select! {
        served = serving => Ok(served?),
        () = stopping => Ok(()),
    }
    // ANCHOR_END: stop
}

/// The time that clients which watch the health get for the news.
const FOR_WATCHERS: Duration = Duration::from_millis(200);
/// The time that the last statuses get to reach their clients.
const FOR_STATUS: Duration = Duration::from_millis(500);
