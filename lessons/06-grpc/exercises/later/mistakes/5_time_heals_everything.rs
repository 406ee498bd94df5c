//! belief: time-heals-everything
//! words: With patience everything becomes ready.
//! check: e_some_answers_never_change
//! says: Waiting only hides that

use std::net::SocketAddr;
use std::time::Duration;

use tokio::time::{Instant, sleep, timeout_at};
use tonic::Status;
use tonic::transport::{Channel, Endpoint};
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_check_response::ServingStatus;
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
pub async fn ready(
    addr: SocketAddr,
    service: &str,
    patience: Duration,
) -> Result<Channel, NotReady> {
    let until = Instant::now() + patience;
    let endpoint = Endpoint::from_shared(format!("http://{addr}"));
    let endpoint = endpoint.expect("an address makes a URI");
    let channel = endpoint.connect_lazy();
    let mut health = HealthClient::new(channel.clone());
    let mut pause = Duration::from_millis(10);
    loop {
        let request = HealthCheckRequest {
            service: service.to_string(),
        };
        let status = match timeout_at(until, health.check(request)).await {
            Ok(Ok(reply)) if reply.get_ref().status() == ServingStatus::Serving => {
                return Ok(channel);
            }
            Ok(Ok(_)) => Status::unavailable("the service is not serving yet"),
            Ok(Err(status)) => status,
            Err(_) => Status::unavailable("the server is silent"),
        };
        if Instant::now() + pause >= until {
            return Err(NotReady::InTime(status));
        }
        sleep(pause).await;
        pause = (pause * 2).min(Duration::from_millis(200));
    }
}
