use std::cell::Cell;

use l06_grpc::pb::greeter::greeter_server::{Greeter, GreeterServer};
use l09_register::registry::Registry;
use tokio::net::TcpListener;
use tonic::transport::Server;
use tonic_health::server::health_reporter;

// Given in given.rs, beside this file: `Limits`, `ShutdownReport`, `serve`, `within`.
pub use super::given::*;

/// Serves a greeter that is registered in Consul with this id, until SIGTERM. Then it leaves, so that no call is lost.
///
/// 1. The health service says NOT_SERVING. Calls are answered all the same, until step 4.
/// 2. The instance is deregistered by its id: `registry.deregister(id)`. If Consul has not answered after
///    `limits.goodbye`, the greeter leaves without it.
/// 3. Callers still have a list with the old entry. If the entry was removed, calls are answered for `limits.notice` from
///    then on.
/// 4. GOAWAY: when `leave` is ready, `serve` finishes the calls under way, within `limits.grace`.
///
/// The report says whether the entry was removed (`told`), and whether all calls were finished.
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
        let _ = (registry, id);
    };
    let finished = serve(router, listener, leave, limits.grace).await;
    ShutdownReport {
        told: told.get(),
        finished,
    }
}
