//! "Not there yet" has three faces, and all of them go into one loop: no connection, a health service
//! that says NOT_SERVING, and silence. The lazy channel turns the first into a status of the call, so
//! there is one place that decides: UNAVAILABLE may pass, and so may silence and NOT_SERVING; any
//! other status is an answer, and asking again would only be rude. One deadline over everything,
//! calls and pauses alike, is what makes `patience` true. The pause doubles: in the beginning
//! milliseconds matter, later they do not.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::time::{Instant, sleep, timeout_at};
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
        let status = match timeout_at(until, health.check(request)).await {
            Ok(Ok(reply)) if reply.get_ref().status() == ServingStatus::Serving => {
                return Ok(channel);
            }
            Ok(Ok(_)) => Status::unavailable("the service is not serving yet"),
            Ok(Err(status)) if status.code() == Code::Unavailable => status,
            Ok(Err(status)) => return Err(NotReady::Never(status)),
            Err(_) => Status::unavailable("the server is silent"),
        };
        if Instant::now() + pause >= until {
            return Err(NotReady::InTime(status));
        }
        sleep(pause).await;
        pause = (pause * 2).min(Duration::from_millis(200));
    }
}
