//! All services behind one port. One HTTP/2 connection carries calls to any of them: the path of a
//! request, `/greeter.v1.Greeter/SayHello`, says which one.

pub mod connection_limit;

use std::future::Future;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tonic::codec::CompressionEncoding::Gzip;
use tonic::service::{InterceptorLayer, Routes, RoutesBuilder};
use tonic::transport::{Error, Server};
use tonic_health::ServingStatus;
use tonic_health::server::HealthReporter;
use tonic_reflection::server::Builder;

use crate::greeter::Greetings;
use crate::guard::Guard;
use crate::hello::Hello;
use crate::middleware::Middleware;
use crate::pb;
use crate::pb::greeter::greeter_server::GreeterServer;
use crate::pb::hello::hello_service_server::HelloServiceServer;
use crate::pb::say::say_name_server::SayNameServer;
use crate::pb::say::say_server::SayServer;
use crate::say::{Names, Sayings};
use crate::{deadline, metadata, status, work};
use connection_limit::ConnectionLimit;

/// The longest message, in bytes, in both directions; also what a compressed one may grow to.
pub const MESSAGE: usize = 1 << 20;

/// The settings of the server: what a client can make it hold or wait for.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Every call has to bring it, if there is one.
    pub token: Option<String>,
    /// How long each call works before it answers, in the demo and in tests.
    pub work: Option<Duration>,
    /// How many clients may be connected.
    pub connections: usize,
    /// How many calls each of them may have under way.
    pub streams: u32,
    /// The time for the first words of a connection.
    pub handshake: Duration,
    /// The time until a reply begins, whatever the caller says.
    pub longest: Duration,
    /// After so much silence the client is asked whether it still lives.
    pub ping: Duration,
    /// The time for its answer.
    pub pong: Duration,
    /// All headers of a call together, in bytes.
    pub headers: u32,
    /// How long calls may go on after the server was asked to end.
    pub grace: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            token: None,
            work: None,
            connections: 256,
            streams: 100,
            handshake: Duration::from_secs(5),
            longest: Duration::from_secs(30),
            ping: Duration::from_secs(20),
            pong: Duration::from_secs(10),
            headers: 16 << 10,
            grace: Duration::from_secs(10),
        }
    }
}

// ANCHOR: services
/// The services of this lesson. Lesson 07 adds its own to them.
pub fn add_services(routes: &mut RoutesBuilder) {
    // A macro, because each of the four is another type with the same methods.
    macro_rules! limited {
        ($service:expr) => {
            $service
                .max_decoding_message_size(MESSAGE)
                .max_encoding_message_size(MESSAGE)
                .accept_compressed(Gzip)
                .send_compressed(Gzip)
        };
    }
    routes
        .add_service(limited!(GreeterServer::new(Greetings)))
        .add_service(limited!(HelloServiceServer::new(Hello)))
        .add_service(limited!(SayNameServer::new(Names)))
        .add_service(limited!(SayServer::new(Sayings)));
}
// ANCHOR_END: services

/// The names of these services, as reflection and health know them.
pub const NAMES: [&str; 4] = [
    "greeter.v1.Greeter",
    "hello.v1.HelloService",
    "say.v1.SayName",
    "say.v1.say",
];

/// Adds reflection, version 1 and its forerunner that older tools ask for: both describe what
/// is in `descriptors`, and in health and reflection themselves.
///
/// # Errors
/// If `descriptors` are none.
pub fn add_reflection(
    routes: &mut RoutesBuilder,
    descriptors: &[&'static [u8]],
) -> Result<(), tonic_reflection::server::Error> {
    let builder = || {
        let of_grpc_itself = [
            tonic_health::pb::FILE_DESCRIPTOR_SET,
            tonic_reflection::pb::v1::FILE_DESCRIPTOR_SET,
            tonic_reflection::pb::v1alpha::FILE_DESCRIPTOR_SET,
        ];
        // By itself each version would know only about itself.
        let builder = Builder::configure().include_reflection_service(false);
        (descriptors.iter().copied().chain(of_grpc_itself))
            .fold(builder, Builder::register_encoded_file_descriptor_set)
    };
    routes
        .add_service(builder().build_v1()?)
        .add_service(builder().build_v1alpha()?);
    Ok(())
}

/// Adds `grpc.health.v1`. The name "" means the server as a whole, and is serving from the start;
/// each service is unknown until [`report`] says something about it.
pub fn add_health(routes: &mut RoutesBuilder) -> HealthReporter {
    let (reporter, service) = tonic_health::server::health_reporter();
    routes.add_service(service);
    reporter
}

/// Says the same about all of `names`, and about the server as a whole.
pub async fn report(health: &HealthReporter, names: &[&str], status: ServingStatus) {
    for name in names.iter().chain([&""]) {
        health.set_service_status(name, status).await;
    }
}

/// The services of this lesson with reflection and health; all of them serving.
///
/// # Errors
/// If the descriptors are broken, which is a mistake of the build.
pub async fn everything() -> Result<(Routes, HealthReporter), tonic_reflection::server::Error> {
    let mut routes = RoutesBuilder::default();
    add_services(&mut routes);
    add_reflection(&mut routes, &[pb::DESCRIPTORS])?;
    let health = add_health(&mut routes);
    report(&health, &NAMES, ServingStatus::Serving).await;
    Ok((routes.routes(), health))
}

// ANCHOR: serve
/// Serves `routes` until `shutdown` is ready; calls under way are finished first, within
/// [`Settings::grace`].
pub async fn serve_with(
    listener: TcpListener,
    routes: Routes,
    settings: Settings,
    shutdown: impl Future<Output = ()>,
) -> Result<(), Error> {
    let incoming = ConnectionLimit::new(listener, settings.connections, settings.handshake);
    let Settings { longest, work, .. } = settings;
    let (asked_to_end, ending) = oneshot::channel();
    let shutdown = async {
        shutdown.await;
        let _ = asked_to_end.send(());
    };
    let serving = Server::builder()
        .max_concurrent_streams(settings.streams)
        .http2_max_header_list_size(settings.headers)
        .http2_keepalive_interval(Some(settings.ping))
        .http2_keepalive_timeout(Some(settings.pong))
        // From the outside to the inside. The guard's no has a number as well.
        .layer(Middleware(metadata::stamp))
        .layer(Middleware(status::normalize_replies))
        .layer(Middleware(move |request, next| {
            deadline::keep(longest, request, next)
        }))
        .layer(InterceptorLayer::new(Guard::new(settings.token)))
        .layer(Middleware(move |request, next| {
            work::before(work, request, next)
        }))
        .add_routes(routes)
        .serve_with_incoming_shutdown(incoming, shutdown);
    // Calls under way may finish, within the grace.
    let grace = async {
        match ending.await {
            Ok(()) => tokio::time::sleep(settings.grace).await,
            // It ended without being asked: there are no connections left to come.
            Err(_) => std::future::pending().await,
        }
    };
    tokio::select! {
        served = serving => served,
        () = grace => Ok(()),
    }
}
// ANCHOR_END: serve
