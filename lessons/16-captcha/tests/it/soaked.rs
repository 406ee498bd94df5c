//! The soak, for half a minute; by hand it runs for ten: `cargo run -p l16-captcha -- soak`.

use std::time::Duration;

use crate::site::Setting;
use crate::soak::{self, Plan};
use services::Side;
use tokio::task::JoinSet;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn all_promises_are_kept_while_everything_is_killed_in_turn() {
    // Side by side: both use the same half minute.
    let mut soaks = JoinSet::new();
    for side in Side::to_test().unwrap() {
        let plan = Plan {
            site: Setting {
                consul: Some(side),
                redis: Some(side),
                ..Setting::new(env!("CARGO_BIN_EXE_l16-captcha").into())
            },
            time: Duration::from_secs(30),
            people: 8,
        };
        soaks.spawn(async move { (side, soak::run(&plan).await) });
    }
    while let Some(done) = soaks.join_next().await {
        let (side, report) = done.unwrap();
        let report = report.unwrap();
        println!("{side}\n{report}");
        assert!(report.kept(), "{side}:\n{report}");
        // A phase without requests would prove nothing.
        for (phase, counts) in &report.phases {
            assert!(
                counts.requests > 0,
                "{phase}: no request was made\n{report}"
            );
        }
        let sum = |of: fn(&soak::ledger::Counts) -> u64| {
            report
                .phases
                .iter()
                .map(|(_, counts)| of(counts))
                .sum::<u64>()
        };
        for (what, times) in [
            ("accepted", sum(|counts| counts.accepted)),
            ("wrong", sum(|counts| counts.wrong)),
            ("stale", sum(|counts| counts.stale)),
        ] {
            assert!(times > 0, "never {what}\n{report}");
        }
        assert!(
            report.memory.len() >= 4 || cfg!(not(target_os = "linux")),
            "{report}"
        );
    }
}
