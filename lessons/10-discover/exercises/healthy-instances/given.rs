//! What is given in this exercise: the answer uses it and does not change it.

use std::net::SocketAddr;

use l06_grpc::pb::greeter::HelloRequest;
use l06_grpc::pb::greeter::greeter_client::GreeterClient;
use tonic::Status;
use tonic::transport::{Channel, Endpoint};

/// Why a greeting by name has failed.
#[derive(Clone, Debug)]
#[allow(dead_code, reason = "the stub does not make all of them")]
pub enum DiscoverError {
    /// Consul did not answer, or its answer could not be read.
    RegistryUnavailable,
    /// Consul has answered, and it lists no healthy instance that can be called.
    NoHealthyInstance,
    /// All healthy instances refuse connections.
    AllRefuse,
    /// An instance has answered with this status.
    Call(Status),
}

/// Connects to a greeter. `Err` means that no server accepts connections at `addr`.
pub async fn dial(addr: SocketAddr) -> Result<GreeterClient<Channel>, tonic::transport::Error> {
    let endpoint = Endpoint::from_shared(format!("http://{addr}"))?;
    Ok(GreeterClient::new(endpoint.connect().await?))
}

/// Calls `SayHello` on a connection.
pub async fn say_hello(mut greeter: GreeterClient<Channel>, name: &str) -> Result<String, Status> {
    let name = name.to_string();
    let reply = greeter.say_hello(HelloRequest { name }).await?;
    Ok(reply.into_inner().message)
}
