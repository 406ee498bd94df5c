//! An instance of `Arith` behind a port: lesson 06's server around it, so it has health, reflection,
//! limits, and a deadline that is kept; and what this lesson adds.

use std::future::Future;

use tokio::net::TcpListener;
use tonic::body::Body;
use tonic::codegen::Service;
use tonic::codegen::http::{Request, Response};
use tonic::server::NamedService;
use tonic::service::{LayerExt, RoutesBuilder};
use tonic_health::ServingStatus;

use super::arith::Calculator;
use super::client::Client;
use super::heard::{self, Heard};
use super::pb;
use super::pb::arith::arith_server::ArithServer;
use super::relay::Relay;
use super::sick::Sick;
use l06_grpc::middleware::Middleware;
use l06_grpc::server::{self, Settings};
use l12_resilience::deadline;

/// The name of the service in the .proto file, as health and reflection know it.
pub const ARITH: &str = "arith.v1.Arith";
/// No message of this service is longer, in bytes.
pub const MESSAGE: usize = 4 << 10;

/// The settings of an instance.
#[derive(Clone)]
pub struct Instance {
    /// What it calls itself in its replies.
    pub name: String,
    /// What is wrong with it.
    pub sick: Option<Sick>,
    /// It calls these and calculates nothing itself.
    pub behind: Option<Client>,
    /// What hears about its calls.
    pub heard: Heard,
}

impl Instance {
    /// A healthy one that calculates itself.
    pub fn new(name: impl Into<String>) -> Self {
        Instance {
            name: name.into(),
            sick: None,
            behind: None,
            heard: Heard::silent(),
        }
    }
}

// ANCHOR: serve
/// Serves until `shutdown` is ready; calls under way are finished first.
pub async fn serve(
    listener: TcpListener,
    instance: Instance,
    shutdown: impl Future<Output = ()>,
) -> anyhow::Result<()> {
    let mut routes = RoutesBuilder::default();
    match instance.behind {
        Some(others) => {
            let arith = ArithServer::new(Relay { others }).max_decoding_message_size(MESSAGE);
            add(&mut routes, arith, instance.sick, instance.heard);
        }
        None => {
            let arith =
                ArithServer::new(Calculator::new(instance.name)).max_decoding_message_size(MESSAGE);
            add(&mut routes, arith, instance.sick, instance.heard);
        }
    }
    server::add_reflection(&mut routes, &[pb::DESCRIPTORS])?;
    let health = server::add_health(&mut routes);
    server::report(&health, &[ARITH], ServingStatus::Serving).await;
    server::serve_with(listener, routes.routes(), Settings::default(), shutdown).await?;
    Ok(())
}

/// Adds `arith` with three layers around it. The deadline is the outermost: the others know it.
fn add<S>(routes: &mut RoutesBuilder, arith: S, sick: Option<Sick>, heard: Heard)
where
    S: Service<Request<Body>, Response = Response<Body>, Error = std::convert::Infallible>
        + NamedService
        + Clone
        + Send
        + Sync
        + 'static,
    S::Future: Send,
{
    let sick = Middleware(move |request, next| Sick::around(sick, request, next));
    let heard = Middleware(move |request, next| heard::around(heard.clone(), request, next));
    let service = sick.named_layer(arith);
    let service = heard.named_layer(service);
    routes.add_service(Middleware(deadline::received).named_layer(service));
}
// ANCHOR_END: serve
