//! Consul learns from its check alone how an instance is; an instance without a check is passing at all times. The gRPC check
//! calls the health service by the name of the service, so a NOT_SERVING of this one service counts, although the
//! server as a whole still says SERVING. The address is read from the listener, because port 0 is a request
//! and no port. The id has address and port in it: two instances differ, and a restarted one replaces its own entry.

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
pub async fn start(consul: &ConsulClient, bind: SocketAddr) -> Result<Running, StartError> {
    let listener = TcpListener::bind(bind).await?;
    let addr = listener.local_addr()?;
    let (health, health_service) = health_reporter();
    health.set_serving::<GreeterServer<Greetings>>().await;
    let router = Server::builder()
        .add_service(health_service)
        .add_service(GreeterServer::new(Greetings));
    let mut check = AgentServiceCheckBuilder::default();
    check
        .grpc(format!("{addr}/{GREETER}"))
        .interval("10s")
        .timeout("2s");
    let mut request = RegisterServiceRequest::builder();
    request
        .id(format!("greeter-{}-{}", addr.ip(), addr.port()))
        .address(addr.ip().to_string())
        .port(addr.port())
        .checks(vec![check.build().unwrap_or_default()]);
    consulrs::service::register(consul, "greeter", Some(&mut request)).await?;
    Ok(serve(listener, router, health)?)
}
