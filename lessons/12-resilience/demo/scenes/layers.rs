//! Scenes 3 and 6: calls over several hops. Retries in each layer multiply; a deadline that travels ends all of them.

use std::time::Duration;

use l12_resilience::budget::Budget;
use l12_resilience::caller::{How, Settings};
use l12_resilience::fail::FailMode;
use stage::signal::tell;
use tokio::time::{Instant, sleep};

use super::{client, plain, quiet};
use crate::fleet::Instance;
use crate::load::load;

const CALLS: usize = 100;

pub async fn budget() -> anyhow::Result<()> {
    tell("   100 calls: you -> front -> middle -> back. back says UNAVAILABLE.\n");
    tell("                                     at front   at middle   at back   failed");
    for (words, option, budget) in [
        ("no budget", "off", Budget::unlimited()),
        (
            "20 % of the calls, and 10 at once",
            "20",
            Budget::new(20, 10),
        ),
    ] {
        let back = Instance::start("back", &["--sick", "failing"])?;
        let relay = |name, to: &Instance| {
            let to = to.addr.to_string();
            let mut options = vec!["--servers", &to, "--no-eject", "--deadline-ms", "30000"];
            options.extend(["--fail", "try", "--budget", option]);
            Instance::start(name, &options)
        };
        let middle = relay("middle", &back)?;
        let front = relay("front", &middle)?;
        let settings = Settings {
            budget,
            deadline: Duration::from_secs(30),
            ..plain(FailMode::Try)
        };
        let client = client(&[&front], settings);
        let outcome = load(&client, CALLS, 50).await;
        quiet(&[&front, &middle, &back]).await;
        let [front, middle, back] = [&front, &middle, &back].map(|one| one.counts().0);
        let failed = outcome.count.failed.len();
        tell(&format!(
            "   {words:34}{front:8}{middle:12}{back:10}{failed:9}"
        ));
    }
    tell("   All these attempts have not answered one more call.");
    Ok(())
}

pub async fn deadline() -> anyhow::Result<()> {
    let back = Instance::start("back", &["--sick", "slow=5000"])?;
    let to_back = back.addr.to_string();
    let front = Instance::start("front", &["--servers", &to_back, "--fail", "fast"])?;
    let client = client(&[&front], plain(FailMode::Fast));
    // The connections are made before the clock runs.
    let _ = client
        .mul(How::safe().within(Duration::from_millis(200)), 25, 4)
        .await;
    stopped(&back, 1).await;
    drop((front.lines(), back.lines()));
    let since = Instant::now();
    let outcome = client
        .mul(How::safe().within(Duration::from_millis(600)), 25, 4)
        .await;
    let took = since.elapsed().as_millis();
    stopped(&back, 2).await;
    quiet(&[&front, &back]).await;
    let said = match outcome {
        Ok((reply, _)) => format!("25 * 4 = {}", reply.product),
        Err(failed) => failed.to_string(),
    };
    tell("   you ask, and have 600 ms");
    for instance in [&front, &back] {
        for line in instance.lines() {
            tell(&format!("   {:6} {line}", instance.name));
        }
    }
    tell(&format!("   you    after {took} ms: {said}"));
    Ok(())
}

/// Waits until so many of its calls were stopped, 4 s at most. (In front there may be none: its own call may end with an
/// answer in the last moment.)
async fn stopped(back: &Instance, calls: usize) {
    for _ in 0..200 {
        if back.counts().1 >= calls {
            return;
        }
        sleep(Duration::from_millis(20)).await;
    }
}
