//! What is given in this exercise: the answer uses it and does not change it.

use std::net::SocketAddr;

use tonic::Status;
use tonic::transport::{Channel, Endpoint};
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_client::HealthClient;

/// Why there is no channel.
#[derive(Debug)]
pub enum NotReady {
    /// The timeout is over, and the service was not ready. This was the last status.
    TimedOut(Status),
    /// The server answered with a status that does not change by waiting.
    Failed(Status),
}

/// The endpoint of a server. A channel of `connect_lazy` is never an error by itself: a call on it fails with
/// UNAVAILABLE while no server listens, and works as soon as one does.
pub fn endpoint(addr: SocketAddr) -> Endpoint {
    Endpoint::from_shared(format!("http://{addr}")).expect("an address makes a URI")
}

/// Calls `grpc.health.v1.Health/Check` once: whether the service is SERVING. It waits until the server answers.
pub async fn is_serving(channel: &Channel, service: &str) -> Result<bool, Status> {
    let request = HealthCheckRequest {
        service: service.to_string(),
    };
    let reply = HealthClient::new(channel.clone()).check(request).await?;
    Ok(reply.into_inner().status() == ServingStatus::Serving)
}
