//! The real Consul is killed under load, and comes back later on the same port, with nothing in it.

use std::time::Duration;

use crate::proof::away;
use services::Side;

/// Longer than the longest pause between two attempts to reach Consul, of the services and of the callers.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn calls_go_on_without_the_real_consul_and_all_register_again() {
    calls_go_on(Duration::from_secs(8)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "nightly: the same with the 30 s of the chapter"]
async fn nightly_calls_go_on_without_the_real_consul_for_half_a_minute() {
    calls_go_on(Duration::from_secs(30)).await;
}

async fn calls_go_on(away: Duration) {
    let setting = crate::support::setting(Side::Real);
    let report = away::run(&setting, away).await.unwrap();
    println!("{report}");
    assert!(report.count.failed.is_empty(), "{report}");
    assert!(report.away >= away);
    assert!(report.meanwhile > 1000, "hardly any load:\n{report}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_same_for_a_moment_with_the_embedded_one() {
    let setting = crate::support::setting(Side::Embedded);
    let report = away::run(&setting, Duration::from_secs(3)).await.unwrap();
    println!("{report}");
    assert!(report.count.failed.is_empty(), "{report}");
}
