//! "Not ready" has three forms, and all of them go into one loop: no connection, a health service that says
//! NOT_SERVING, and no answer. The lazy channel turns the first into a status of the call, so one place
//! decides: UNAVAILABLE may pass, and so may the other two; any other status is an answer, and another attempt
//! would get the same one. One deadline covers everything, calls and pauses alike, so that `timeout` holds. The
//! pause doubles: in the beginning milliseconds matter, later they do not.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::time::{Instant, sleep, timeout_at};
use tonic::transport::Channel;
use tonic::{Code, Status};

// Given in given.rs, beside this file: `NotReady`, `endpoint`, `is_serving`.
pub use super::given::*;

/// Waits until `service` at `addr` is ready, and returns a channel to it.
pub async fn ready(
    addr: SocketAddr,
    service: &str,
    timeout: Duration,
) -> Result<Channel, NotReady> {
    let until = Instant::now() + timeout;
    let channel = endpoint(addr).connect_lazy();
    let mut pause = Duration::from_millis(10);
    loop {
        let status = match timeout_at(until, is_serving(&channel, service)).await {
            Ok(Ok(true)) => return Ok(channel),
            Ok(Ok(false)) => Status::unavailable("the service is not serving yet"),
            Ok(Err(status)) if status.code() == Code::Unavailable => status,
            Ok(Err(status)) => return Err(NotReady::Failed(status)),
            Err(_) => Status::unavailable("the server does not answer"),
        };
        if Instant::now() + pause >= until {
            return Err(NotReady::TimedOut(status));
        }
        sleep(pause).await;
        pause = (pause * 2).min(Duration::from_millis(200));
    }
}
