//! Scene 2: four failures in four fail modes.

use std::time::Duration;

use l12_resilience::caller::Settings;
use l12_resilience::fail::FailMode;
use stage::signal::tell;

use super::{client, plain, quiet};
use crate::fleet::Instance;
use crate::load::load;

const CALLS: usize = 60;
const AT_ONCE: usize = 20;

/// What is wrong with c, in words, the option that makes it so, and whether it is paused.
const SICK: [(&str, &[&str], bool); 4] = [
    ("says UNAVAILABLE at once", &["--sick", "failing"], false),
    ("accepts no connection", &["--sick", "refusing"], false),
    ("takes 120 ms for each call", &["--sick", "slow=120"], false),
    ("is paused, its connections stay open", &[], true),
];

pub async fn show(a: &Instance, b: &Instance) -> anyhow::Result<()> {
    tell("   A call has 500 ms. try and over make up to 3 attempts, each 150 ms but the last;");
    tell("   backup sends a second call after 30 ms.");
    // Elsewhere a process cannot be paused.
    for (words, options, paused) in SICK
        .into_iter()
        .filter(|(_, _, paused)| cfg!(unix) || !paused)
    {
        let c = Instance::start("c", options)?;
        tell(&format!(
            "\n   c {words:40} answered  failed c called  c stopped   median   slowest"
        ));
        for mode in FailMode::ALL {
            let after = Duration::from_millis(30);
            let mode = match mode {
                FailMode::Backup { .. } => FailMode::Backup { after },
                other => other,
            };
            let settings = Settings {
                per_attempt: Some(Duration::from_millis(150)),
                ..plain(mode)
            };
            let client = client(&[a, b, &c], settings);
            // Connections are made before the clock runs, and what is stopped has been told.
            load(&client, 20, 4).await;
            quiet(&[&c]).await;
            let (_, stopped_before) = c.counts();
            if paused {
                c.process.pause()?;
            }
            let outcome = load(&client, CALLS, AT_ONCE).await;
            if paused {
                c.process.resume()?;
            }
            quiet(&[&c]).await;
            let (_, stopped) = c.counts();
            tell(&format!(
                "     {mode:42}{:7}{:8}{:9}{:11}{:6.0} ms {:6.0} ms",
                outcome.count.answered(),
                outcome.count.failed.len(),
                outcome.asked("c"),
                stopped - stopped_before,
                outcome.within(50),
                outcome.within(100),
            ));
        }
    }
    Ok(())
}
