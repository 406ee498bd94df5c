//! Scene 5: ejecting a member that does not answer, and its way back.

use std::time::Duration;

use l12_resilience::caller::{How, Settings};
use l12_resilience::eject;
use l12_resilience::fail::FailMode;
use stage::signal::tell;
use tokio::time::{Instant, sleep, timeout};

use super::{client, plain};
use crate::fleet::Instance;
use crate::load::load;

const CALLS: usize = 300;

pub async fn show(a: &Instance, b: &Instance) -> anyhow::Result<()> {
    if !cfg!(unix) {
        tell("   Only on Unix can this program pause another one.");
        return Ok(());
    }
    tell("   Fail over, 150 ms for each attempt but the last. Ejected after 5 failures in a row,");
    tell("   for 250 ms, then a trial call, then twice as long; at most half of all members.\n");
    tell("                   answered   failed  c called    median   99 of 100   all together");
    for (words, eject) in [
        ("no ejection", None),
        (
            "ejection",
            Some(eject::Settings {
                first: Duration::from_millis(250),
                longest: Duration::from_secs(1),
                ..eject::Settings::default()
            }),
        ),
    ] {
        let c = Instance::start("c", &[])?;
        let settings = Settings {
            per_attempt: Some(Duration::from_millis(150)),
            eject,
            ..plain(FailMode::Over)
        };
        let client = client(&[a, b, &c], settings);
        load(&client, 30, 10).await;
        c.process.pause()?;
        let since = Instant::now();
        let outcome = load(&client, CALLS, 10).await;
        tell(&format!(
            "   {words:18}{:6}{:9}{:10}{:7.0} ms{:9.0} ms{:12.1} s",
            outcome.count.answered(),
            outcome.count.failed.len(),
            outcome.asked("c"),
            outcome.within(50),
            outcome.within(99),
            since.elapsed().as_secs_f64(),
        ));
        c.process.resume()?;
        if eject.is_some() {
            let since = Instant::now();
            let back = async {
                // Only a call can find out that it answers again.
                while !client.caller().ejected().is_empty() {
                    let _ = client.mul(How::safe(), 25, 4).await;
                    sleep(Duration::from_millis(5)).await;
                }
            };
            let words = match timeout(Duration::from_secs(60), back).await {
                Ok(()) => format!(
                    "called again {:.1} s after that",
                    since.elapsed().as_secs_f64()
                ),
                Err(_) => "not called again within a minute".to_string(),
            };
            tell(&format!("   c goes on, and is {words}"));
        }
    }
    Ok(())
}
