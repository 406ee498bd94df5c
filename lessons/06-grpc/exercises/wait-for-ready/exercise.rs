use std::net::SocketAddr;
use std::time::Duration;

use tonic::Status;
use tonic::transport::Channel;

// Given in given.rs, beside this file: `NotReady`, `endpoint`, `is_serving`.
pub use super::given::*;

/// Waits until `service` at `addr` is ready, and returns a channel to it. It is ready when the health service of
/// its server says SERVING. Until then, for at most `timeout` altogether, these states may pass:
///
/// * no server listens yet, or it comes and goes: UNAVAILABLE;
/// * the service starts up: `is_serving` returns `Ok(false)`;
/// * the server has accepted the connection and does not answer.
///
/// After `timeout` the result is `TimedOut`. Any other status (no health service, a token is missing, ...)
/// is `Failed` at once, because it does not change by waiting. Between two attempts there is a pause that
/// grows: at least 3 and at most 12 attempts in half a second.
pub async fn ready(
    addr: SocketAddr,
    service: &str,
    timeout: Duration,
) -> Result<Channel, NotReady> {
    let server = endpoint(addr);
    let channel = match tokio::time::timeout(timeout, server.connect()).await {
        Ok(Ok(channel)) => channel,
        Ok(Err(error)) => return Err(NotReady::Failed(Status::unavailable(error.to_string()))),
        Err(_) => return Err(NotReady::TimedOut(Status::unavailable("no connection"))),
    };
    match is_serving(&channel, service).await {
        Ok(_) => Ok(channel),
        Err(status) => Err(NotReady::Failed(status)),
    }
}
