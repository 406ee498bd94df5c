//! What the tests of this lesson share.
#![allow(
    dead_code,
    clippy::allow_attributes_without_reason,
    reason = "each test file uses a part"
)]

use std::net::SocketAddr;
use std::time::Duration;

use crate::proof::Setting;
use l08_consul::ask;
use l09_register::registry::Registry;
use serde_json::Value;
use services::Side;
use services::consul::{Consul, Setup};
use tokio::time::{Instant, sleep};

/// How long to wait for what has to happen. The machine may be busy.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// The kinds of Consul to test with.
pub fn sides() -> Vec<Side> {
    Side::to_test().unwrap()
}

/// The proofs are about the real one; the shorter forms of them are for a machine without it.
pub fn setting(side: Side) -> Setting {
    Setting {
        side: Some(side),
        ..Setting::new(program().into())
    }
}

/// This lesson's program.
pub fn program() -> &'static str {
    env!("CARGO_BIN_EXE_l11-deregister")
}

/// A Consul of this kind on a free port, and a client of it.
pub async fn consul(side: Side) -> (Consul, Registry) {
    let consul = Setup::of(side).start().await.unwrap();
    let registry = Registry::at(consul.addr()).unwrap();
    (consul, registry)
}

/// What Consul answers to a GET.
pub async fn get(consul: SocketAddr, path: &str) -> Value {
    let answer = ask::get(consul, path).await.unwrap();
    assert_eq!(answer.status, 200, "{path}: {}", answer.body);
    answer.json()
}

/// Asks again and again until the answer is yes.
pub async fn until(what: &str, mut ask: impl AsyncFnMut() -> bool) {
    let since = Instant::now();
    while !ask().await {
        assert!(since.elapsed() < PATIENCE, "never: {what}");
        sleep(Duration::from_millis(20)).await;
    }
}
