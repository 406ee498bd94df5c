//! Accepted: several attempts to deregister, all of them within the limit.

use std::cell::Cell;
use std::time::Duration;

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
        let removed = within(limits.goodbye, async {
            while registry.deregister(id).await.is_err() {
                sleep(Duration::from_millis(100)).await;
            }
        });
        told.set(removed.await.is_some());
        if told.get() {
            sleep(limits.notice).await;
        }
    };
    let finished = serve(router, listener, leave, limits.grace).await;
    ShutdownReport {
        told: told.get(),
        finished,
    }
}
