use std::net::SocketAddr;

use consulrs::api::check::common::AgentServiceCheckBuilder;
use consulrs::api::service::requests::RegisterServiceRequest;
use consulrs::client::ConsulClient;
use l06_grpc::greeter::Greetings;
use l06_grpc::pb::greeter::greeter_server::GreeterServer;
use tokio::net::TcpListener;
use tonic::transport::Server;
use tonic_health::server::health_reporter;

// Given in given.rs, beside this file: `GREETER`, `Running`, `serve`, `StartError`.
pub use super::given::*;

/// Starts a greeter at `bind`, and registers it in Consul under the name `greeter`.
///
/// * The health service of gRPC says SERVING for `greeter.v1.Greeter` (`GREETER`). A service that was never set
///   is unknown to it. `health.set_serving::<GreeterServer<Greetings>>().await` sets this one.
/// * Registered are the address and the port that the listener is bound to. `bind` may have port 0.
/// * The id is `greeter-ADDRESS-PORT`, for example `greeter-127.0.0.1-8801`. Consul keeps one entry for each id.
/// * The instance has one check. It is a gRPC check of `greeter.v1.Greeter`, every 10 s, with a timeout of 2 s. Consul's
///   form for it is `HOST:PORT/SERVICE`.
/// * The check begins without a status of ours. Consul's own is critical, until the first attempt.
/// * If the address cannot be bound or the registration fails, the result is that error. Then no greeter serves,
///   and no instance is registered.
pub async fn start(consul: &ConsulClient, bind: SocketAddr) -> Result<Running, StartError> {
    let listener = TcpListener::bind(bind).await?;
    let addr = listener.local_addr()?;
    let (health, health_service) = health_reporter();
    let router = Server::builder()
        .add_service(health_service)
        .add_service(GreeterServer::new(Greetings));
    let _check = AgentServiceCheckBuilder::default();
    let mut request = RegisterServiceRequest::builder();
    request
        .id("greeter")
        .address(addr.ip().to_string())
        .port(addr.port());
    consulrs::service::register(consul, "greeter", Some(&mut request)).await?;
    Ok(serve(listener, router, health)?)
}
