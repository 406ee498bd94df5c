//! What the tests of this lesson share: a Consul of each kind, and a plain look at what it knows.
#![allow(
    dead_code,
    clippy::allow_attributes_without_reason,
    reason = "each test file uses a part"
)]

use std::net::SocketAddr;
use std::time::Duration;

use l08_consul::ask::ask;
use serde_json::Value;
use services::Side;
use services::consul::{Consul, Setup};
use tokio::time::{Instant, sleep};

/// How long to wait for what has to happen. The machine may be busy.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// Both kinds, unless `WORKBOOK_SERVICES` forces one.
pub fn sides() -> Vec<Side> {
    Side::to_test().unwrap()
}

/// A Consul of this kind, on a free port or on the given one.
pub async fn consul(side: Side, http_port: Option<u16>) -> Consul {
    Setup::of(side).at(http_port).start().await.unwrap()
}

/// One request without a client library; the status and the body.
pub async fn call(addr: SocketAddr, method: &str, path: &str, body: &str) -> (u16, String) {
    let answer = ask(addr, method, path, body).await.unwrap();
    (answer.status, answer.body)
}

/// What Consul answers to a GET.
pub async fn get(addr: SocketAddr, path: &str) -> Value {
    let (status, body) = call(addr, "GET", path, "").await;
    assert_eq!(status, 200, "{path}: {body}");
    serde_json::from_str(&body).unwrap()
}

/// Asks again and again until the answer is the wanted one.
pub async fn until<T>(what: &str, mut ask: impl AsyncFnMut() -> Option<T>) -> T {
    let since = Instant::now();
    loop {
        if let Some(found) = ask().await {
            return found;
        }
        assert!(since.elapsed() < PATIENCE, "never: {what}");
        sleep(Duration::from_millis(50)).await;
    }
}
