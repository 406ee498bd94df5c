use std::net::SocketAddr;
use std::time::Duration;

use tonic::Status;
use tonic::transport::{Channel, Endpoint};
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_client::HealthClient;

/// Why there is no channel.
#[derive(Debug)]
pub enum NotReady {
    /// `patience` is over, and the service was not ready yet. This was the last thing that happened.
    InTime(Status),
    /// The server has said something that no waiting will change.
    Never(Status),
}

/// Waits until `service` at `addr` may be called, and returns a channel to it.
///
/// It may be called as soon as the health service of its server (`grpc.health.v1.Health/Check`) says
/// SERVING. Until then, for at most `patience`:
///
/// * the server may not be up yet, or come and go: UNAVAILABLE;
/// * it may be up and still warm up: NOT_SERVING;
/// * it may have accepted the connection and say nothing at all.
///
/// Any other status (it has no health service, it wants a token, ...) will be the same tomorrow:
/// `Never`, at once. And a thousand programs may be waiting as we are, so between two attempts there
/// is a pause that grows: no more than a dozen attempts in half a second.
pub async fn ready(
    addr: SocketAddr,
    service: &str,
    patience: Duration,
) -> Result<Channel, NotReady> {
    let endpoint = Endpoint::from_shared(format!("http://{addr}"));
    let endpoint = endpoint.expect("an address makes a URI");
    let channel = tokio::time::timeout(patience, endpoint.connect()).await;
    let channel = match channel {
        Ok(Ok(channel)) => channel,
        Ok(Err(error)) => return Err(NotReady::Never(Status::unavailable(error.to_string()))),
        Err(_) => {
            return Err(NotReady::InTime(Status::unavailable(
                "no connection in time",
            )));
        }
    };
    let request = HealthCheckRequest {
        service: service.to_string(),
    };
    let health = HealthClient::new(channel.clone()).check(request).await;
    health.map(|_| channel).map_err(NotReady::Never)
}
