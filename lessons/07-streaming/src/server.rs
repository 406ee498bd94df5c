//! All services behind one port, and the end of the server: health says so first, then no new calls,
//! then those under way have some time, and what is not finished then is told why.

use std::time::Duration;

use l06_grpc::pb as earlier;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::time::sleep;
use tonic::service::{Routes, RoutesBuilder};
use tonic::transport::{Server, ServerTlsConfig};
use tonic_health::ServingStatus;
use tonic_health::server::HealthReporter;

use crate::guard::{GuardLayer, Phase, reached};
use crate::pb;
use crate::pb::stream_service_server::{SERVICE_NAME, StreamService, StreamServiceServer};
use crate::seats;
use crate::tls::Certificates;

// ANCHOR: settings
/// What callers may cost, and how long anything may take.
#[derive(Clone, Debug)]
pub struct Settings {
    /// So many connections at the same time.
    pub connections: usize,
    /// So many calls at the same time on each of them.
    pub streams: u32,
    /// The longest message of a caller, in bytes.
    pub message: usize,
    /// How long a connection may take to say what it wants, and a TLS handshake.
    pub greeting: Duration,
    /// The longest call.
    pub longest: Duration,
    /// After so much silence a connection is asked whether it is still alive.
    pub ping: Duration,
    /// It must answer within this time.
    pub pong: Duration,
    /// What is under way when the server stops may take so long.
    pub grace: Duration,
}
// ANCHOR_END: settings

impl Default for Settings {
    fn default() -> Self {
        Settings {
            connections: 100,
            streams: 100,
            message: 64 * 1024,
            greeting: Duration::from_secs(10),
            longest: Duration::from_secs(60 * 60),
            ping: Duration::from_secs(20),
            pong: Duration::from_secs(10),
            grace: Duration::from_secs(10),
        }
    }
}

/// Why it cannot serve.
#[derive(Debug)]
pub enum Error {
    /// The services could not be put together.
    Reflection(tonic_reflection::server::Error),
    /// The transport, or the certificates.
    Transport(tonic::transport::Error),
}

impl std::fmt::Display for Error {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("the server cannot serve")
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Error::Reflection(error) => Some(error),
            Error::Transport(error) => Some(error),
        }
    }
}

impl From<tonic_reflection::server::Error> for Error {
    fn from(error: tonic_reflection::server::Error) -> Self {
        Error::Reflection(error)
    }
}

impl From<tonic::transport::Error> for Error {
    fn from(error: tonic::transport::Error) -> Self {
        Error::Transport(error)
    }
}

/// The services of lesson 06, `streams`, and what tells strangers about all of them.
fn routes<S: StreamService>(
    streams: S,
    message: usize,
    health: &HealthReporter,
) -> Result<Routes, Error> {
    let mut routes = RoutesBuilder::default();
    l06_grpc::server::add_services(&mut routes);
    routes.add_service(StreamServiceServer::new(streams).max_decoding_message_size(message));
    let about = || {
        tonic_reflection::server::Builder::configure()
            .register_encoded_file_descriptor_set(earlier::DESCRIPTORS)
            .register_encoded_file_descriptor_set(pb::DESCRIPTORS)
            .register_encoded_file_descriptor_set(tonic_health::pb::FILE_DESCRIPTOR_SET)
    };
    routes
        .add_service(about().build_v1()?)
        .add_service(about().build_v1alpha()?);
    let health = tonic_health::server::HealthService::from_health_reporter(health.clone());
    routes.add_service(tonic_health::pb::health_server::HealthServer::new(health));
    Ok(routes.routes())
}

/// Serves until `shutdown` is ready, and then ends as [`Settings::grace`] says.
///
/// # Errors
/// If the services or the certificates do not fit together.
pub async fn serve<S: StreamService>(
    listener: TcpListener,
    streams: S,
    settings: Settings,
    certificates: Option<Certificates>,
    shutdown: impl Future<Output = ()>,
) -> Result<(), Error> {
    let health = HealthReporter::new();
    let names = [
        "greeter.v1.Greeter",
        "hello.v1.HelloService",
        "say.v1.SayName",
        "say.v1.say",
    ];
    let names = [&["", SERVICE_NAME][..], &names].concat();
    for name in &names {
        health
            .set_service_status(name, ServingStatus::Serving)
            .await;
    }
    let (phase, phases) = watch::channel(Phase::Serving);
    let mut server = Server::builder()
        .max_concurrent_streams(settings.streams)
        .http2_keepalive_interval(Some(settings.ping))
        .http2_keepalive_timeout(Some(settings.pong))
        .layer(GuardLayer {
            longest: settings.longest,
            phase: phases.clone(),
        });
    if let Some(Certificates { identity, .. }) = certificates {
        let tls = ServerTlsConfig::new().identity(identity);
        server = server.tls_config(tls.timeout(settings.greeting))?;
    }
    let routes = routes(streams, settings.message, &health)?;
    let incoming = seats::take(listener, settings.connections, settings.greeting);

    // ANCHOR: stop
    let mut finishing = phases.clone();
    let serving = server
        .add_routes(routes)
        .serve_with_incoming_shutdown(incoming, reached(&mut finishing, Phase::Finishing));
    let stopping = async {
        shutdown.await;
        // First those who watch: they can go elsewhere before the first call is refused.
        for name in &names {
            health
                .set_service_status(name, ServingStatus::NotServing)
                .await;
        }
        let _ = phase.send(Phase::Finishing);
        sleep(NEWS.min(settings.grace)).await;
        let _ = phase.send(Phase::NoWatchers);
        sleep(settings.grace.saturating_sub(NEWS)).await;
        let _ = phase.send(Phase::Over);
        // Now every call has its status. A connection that does not take it is left behind.
        sleep(LAST_WORDS).await;
    };
    tokio::select! {
        served = serving => Ok(served?),
        () = stopping => Ok(()),
    }
    // ANCHOR_END: stop
}

/// So much time those who watch have to hear that the server stops.
const NEWS: Duration = Duration::from_millis(200);
/// So much time a status has to reach its caller in the end.
const LAST_WORDS: Duration = Duration::from_millis(500);
