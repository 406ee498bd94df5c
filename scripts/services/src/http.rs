//! One question to an HTTP API on this machine, with a deadline.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use serde_json::Value;
use stage::http::{Answer, Request};

/// More than any answer that is asked for here has; a stranger on that port may send for ever.
const LARGEST: usize = 1 << 20;

/// Sends `method path` with `body` to `addr` and reads the whole answer within `patience`.
///
/// # Errors
/// As [`Request::send`].
pub async fn ask(
    addr: SocketAddr,
    method: &str,
    path: &str,
    body: &str,
    patience: Duration,
) -> io::Result<Answer> {
    let request = Request::new(method, path).body(body);
    request.within(patience).at_most(LARGEST).send(addr).await
}

/// The body of a 200, as JSON.
pub fn json(answer: &Answer) -> Option<Value> {
    let value = serde_json::from_slice(&answer.body).ok()?;
    (answer.status == 200).then_some(value)
}
