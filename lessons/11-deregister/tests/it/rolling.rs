//! The rolling restart against the real Consul: no call is lost. The same without a graceful shutdown loses
//! some, so this proof can fail.

use crate::proof::rolling::{self, Report};
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
async fn a_round_with_the_real_consul_loses_no_call() {
    lose_no_call(1).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "nightly: three rounds, 20 s"]
async fn nightly_three_rounds_with_the_real_consul_lose_no_call() {
    lose_no_call(3).await;
}

async fn lose_no_call(rounds: u32) {
    let setting = crate::support::setting(Side::Real);
    let report = rolling::run(&setting, rounds, false).await.unwrap();
    println!("{report}");
    assert!(report.count.failed.is_empty(), "{report}");
    assert!(
        report.count.calls() > 600 * u64::from(rounds),
        "hardly any load:\n{report}"
    );
    assert_eq!(report.restarts.len(), 3 * rounds as usize);
    callers_were_there(&report, rounds);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_round_with_the_embedded_one_loses_no_call_though_each_has_one_attempt() {
    let mut setting = crate::support::setting(Side::Embedded);
    setting.retry = false;
    let report = rolling::run(&setting, 1, false).await.unwrap();
    println!("{report}");
    assert!(report.count.failed.is_empty(), "{report}");
    callers_were_there(&report, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_manners_calls_are_lost() {
    let mut setting = crate::support::setting(Side::Embedded);
    // A second attempt would hide most of it.
    setting.retry = false;
    let report = rolling::run(&setting, 1, true).await.unwrap();
    println!("{report}");
    assert!(!report.count.failed.is_empty(), "this proof cannot fail");
}
