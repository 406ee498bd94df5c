//! The real Consul is killed under load, and comes back 30 s later on the same port, with nothing in it.

mod support;

use std::time::Duration;

use l11_deregister::proof::away;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn calls_go_on_and_everything_is_registered_again() {
    let setting = support::setting();
    let report = away::run(&setting, Duration::from_secs(30)).await.unwrap();
    println!("{report}");
    assert!(report.count.failed.is_empty(), "{report}");
    assert!(report.away >= Duration::from_secs(30));
    assert!(report.meanwhile > 1000, "hardly any load:\n{report}");
}
