//! The real Consul is killed under load, and comes back 30 s later on the same port, with nothing in it.

mod support;

use std::time::Duration;

use l11_deregister::proof::away;
use services::Side;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn calls_go_on_without_the_real_consul_and_all_register_again() {
    let setting = support::setting(Side::Real);
    let report = away::run(&setting, Duration::from_secs(30)).await.unwrap();
    println!("{report}");
    assert!(report.count.failed.is_empty(), "{report}");
    assert!(report.away >= Duration::from_secs(30));
    assert!(report.meanwhile > 1000, "hardly any load:\n{report}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_same_for_a_moment_with_the_embedded_one() {
    let setting = support::setting(Side::Embedded);
    let report = away::run(&setting, Duration::from_secs(3)).await.unwrap();
    println!("{report}");
    assert!(report.count.failed.is_empty(), "{report}");
}
