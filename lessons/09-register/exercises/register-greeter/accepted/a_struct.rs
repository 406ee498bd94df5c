//! Accepted: the check is a struct without a builder, and the status is set by the name of the service.

use std::net::SocketAddr;

use consulrs::api::check::common::AgentServiceCheck;
use consulrs::api::service::requests::RegisterServiceRequest;
use consulrs::client::ConsulClient;
use l06_grpc::greeter::Greetings;
use l06_grpc::pb::greeter::greeter_server::GreeterServer;
use tokio::net::TcpListener;
use tonic::transport::Server;
use tonic_health::ServingStatus;
use tonic_health::server::health_reporter;

// Given in given.rs, beside this file: `GREETER`, `Running`, `serve`, `StartError`.
pub use super::given::*;

/// Starts a greeter at `bind`, and registers it in Consul under the name `greeter`.
pub async fn start(consul: &ConsulClient, bind: SocketAddr) -> Result<Running, StartError> {
    let listener = TcpListener::bind(bind).await?;
    let addr = listener.local_addr()?;
    let (health, health_service) = health_reporter();
    health
        .set_service_status(GREETER, ServingStatus::Serving)
        .await;
    let router = Server::builder()
        .add_service(health_service)
        .add_service(GreeterServer::new(Greetings));
    let check = AgentServiceCheck {
        grpc: Some(format!("{addr}/{GREETER}")),
        interval: Some("10s".to_string()),
        timeout: Some("2s".to_string()),
        ..AgentServiceCheck::default()
    };
    let mut request = RegisterServiceRequest::builder();
    request
        .id(format!("greeter-{}-{}", addr.ip(), addr.port()))
        .address(addr.ip().to_string())
        .port(addr.port())
        .checks(vec![check]);
    consulrs::service::register(consul, "greeter", Some(&mut request)).await?;
    Ok(serve(listener, router, health)?)
}
