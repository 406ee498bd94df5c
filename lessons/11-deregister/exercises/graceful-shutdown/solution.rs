//! GOAWAY reaches callers that are connected, and refuses all others. So it comes last. The deregistration keeps new
//! callers away, and a caller that has read the list before that still comes: it gets an answer until it has read a
//! new list, for which `notice` is the time. The future `leave` is polled beside the calls, so waiting in it stops no
//! call. If Consul was not told, no caller can notice anything, and there is nothing to wait for.

use std::cell::Cell;

use l06_grpc::pb::greeter::greeter_server::{Greeter, GreeterServer};
use l09_register::registry::Registry;
use tokio::net::TcpListener;
use tokio::time::sleep;
use tonic::transport::Server;
use tonic_health::server::health_reporter;

// Given in given.rs, beside this file: `Limits`, `ShutdownReport`, `serve`, `within`.
pub use super::given::*;

/// Serves a greeter that is registered in Consul with this id, until SIGTERM. Then it leaves, so that no call is lost.
pub async fn run<G: Greeter>(
    greeter: G,
    listener: TcpListener,
    registry: &Registry,
    id: &str,
    sigterm: impl Future<Output = ()>,
    limits: Limits,
) -> ShutdownReport {
    let (health, health_service) = health_reporter();
    health.set_serving::<GreeterServer<G>>().await;
    let router = Server::builder()
        .add_service(health_service)
        .add_service(GreeterServer::new(greeter));
    let told = Cell::new(false);
    let leave = async {
        sigterm.await;
        health.set_not_serving::<GreeterServer<G>>().await;
        let answer = within(limits.goodbye, registry.deregister(id)).await;
        if matches!(answer, Some(Ok(()))) {
            told.set(true);
            sleep(limits.notice).await;
        }
    };
    let finished = serve(router, listener, leave, limits.grace).await;
    ShutdownReport {
        told: told.get(),
        finished,
    }
}
