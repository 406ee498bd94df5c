//! belief: a-call-ends-by-itself
//! words: A call ends by itself.
//! check: d_silence_ends_with_the_patience
//! says: the deadline must hold for every call

use std::net::SocketAddr;
use std::time::Duration;

use tokio::time::{Instant, sleep};
use tonic::transport::{Channel, Endpoint};
use tonic::{Code, Status};
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
        let status = match health.check(request).await {
            Ok(reply) if reply.get_ref().status() == ServingStatus::Serving => {
                return Ok(channel);
            }
            Ok(_) => Status::unavailable("the service is not serving yet"),
            Err(status) if status.code() == Code::Unavailable => status,
            Err(status) => return Err(NotReady::Never(status)),
        };
        if Instant::now() + pause >= until {
            return Err(NotReady::InTime(status));
        }
        sleep(pause).await;
        pause = (pause * 2).min(Duration::from_millis(200));
    }
}
