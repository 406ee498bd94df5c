//! The proof: three user services behind the gateway, one is killed, one is paused.

use services::Side;

use crate::proof::{Setting, run};

fn setting(side: Side) -> Setting {
    Setting {
        side: Some(side),
        ..Setting::new(env!("CARGO_BIN_EXE_l14-gateway").into(), |line| {
            println!("{line}")
        })
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_browser_sees_an_error() {
    // Side by side: most of it is waiting.
    let mut proofs = tokio::task::JoinSet::new();
    for side in Side::to_test().unwrap() {
        proofs.spawn(async move { run(&setting(side)).await });
    }
    while let Some(report) = proofs.join_next().await {
        let report = report.unwrap().unwrap();
        println!("{report}");
        let in_turn = report.turns.values().all(|turns| *turns == 10);
        assert!(in_turn, "not in turn: {report:?}");
        assert_eq!(report.count.failed.len(), 0, "{report}");
        let asked = report.while_killed.answered();
        assert!(asked > 0, "no request was made: {report}");
        // Left out: if it were asked in its turn, every second request would have waited for it.
        assert!(report.while_paused > 0, "{report}");
        assert!(report.waited * 4 < report.while_paused, "{report}");
        assert_eq!(report.miracles, 0, "{report}");
    }
}

// A proof that cannot fail proves nothing.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_a_second_attempt_browsers_see_errors() {
    let setting = Setting {
        mode: "fast".to_string(),
        ..setting(Side::Embedded)
    };
    let report = run(&setting).await.unwrap();
    assert!(!report.count.failed.is_empty(), "{report}");
}
