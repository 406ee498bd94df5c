//! The rolling restart against the real Consul: three rounds lose no call; and the same without any
//! manners loses some, so this proof can fail.

mod support;

use l11_deregister::proof::rolling::{self, Report};
use services::Side;

/// What has to be true of every restart.
fn callers_were_there(report: &Report, rounds: u32) {
    for restart in &report.restarts {
        // Callers used it, were there while it left, and used the one that came.
        assert!(restart.before > 0, "{restart}");
        assert!(restart.meanwhile > 0, "{restart}");
    }
    for place in 1..=3 {
        for time in 1..=rounds + 1 {
            let name = format!("greeter-{place}.{time}");
            assert!(report.count.of(&name) > 0, "{name} has never answered");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn three_rounds_with_the_real_consul_lose_no_call() {
    let setting = support::setting(Side::Real);
    let report = rolling::run(&setting, 3, false).await.unwrap();
    println!("{report}");
    assert!(report.count.failed.is_empty(), "{report}");
    assert!(report.count.calls() > 2000, "hardly any load:\n{report}");
    assert_eq!(report.restarts.len(), 9);
    callers_were_there(&report, 3);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_round_with_the_embedded_one_loses_no_call_though_each_has_one_attempt() {
    let mut setting = support::setting(Side::Embedded);
    setting.retry = false;
    let report = rolling::run(&setting, 1, false).await.unwrap();
    println!("{report}");
    assert!(report.count.failed.is_empty(), "{report}");
    callers_were_there(&report, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_manners_calls_are_lost() {
    let mut setting = support::setting(Side::Embedded);
    // A second attempt would hide most of it.
    setting.retry = false;
    let report = rolling::run(&setting, 1, true).await.unwrap();
    println!("{report}");
    assert!(!report.count.failed.is_empty(), "this proof cannot fail");
}
