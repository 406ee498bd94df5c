//! The demo: three calculators, each a process of its own, and one of them fails. All figures that it prints are counted
//! or measured while it runs.

mod ejected;
mod layers;
mod modes;
mod selectors;
mod twice;

use std::time::{Duration, Instant};

use crate::world::client::Client;
use l12_resilience::budget::Budget;
use l12_resilience::caller::Settings;
use l12_resilience::fail::FailMode;
use l12_resilience::select::Select;
use stage::signal::{on_signal, tell};
use tokio::time::sleep;

use crate::fleet::Instance;
use crate::options;

/// Tells the story.
pub async fn run() -> anyhow::Result<()> {
    let mut stop = on_signal(false)?;
    tokio::select! {
        told = story() => told,
        // The instances are killed with the story.
        _ = stop.wait_for(|stop| *stop) => Ok(()),
    }
}

async fn story() -> anyhow::Result<()> {
    let since = Instant::now();
    tell("Three calculators, a, b and c, each a process of its own. They say that 25 * 4 is 100.");
    let a = Instance::start("a", &[])?;
    let b = Instance::start("b", &[])?;
    tell("\n1. May it be repeated? c runs each call, and loses its reply\n");
    twice::show().await?;
    tell("\n2. Fail modes: c fails in four ways, and 60 calls are made in each mode\n");
    modes::show(&a, &b).await?;
    tell(
        "\n3. Retry storm: three layers, each makes up to three attempts, and the last server is down\n",
    );
    layers::budget().await?;
    tell("\n4. Selectors: 700 calls with each of them; a has weight 5, b and c have 1\n");
    selectors::show(&a, &b).await?;
    tell("\n5. Ejection: c is paused, and 300 calls are made\n");
    ejected::show(&a, &b).await?;
    tell("\n6. A deadline that travels: you -> front -> back, and back works for 5 seconds\n");
    layers::deadline().await?;
    let seconds = since.elapsed().as_secs_f64();
    tell(&format!(
        "\nThat took {seconds:.0} seconds. Everything is stopped."
    ));
    Ok(())
}

/// Budget and ejection are off: a scene shows the effect of what it switches on.
fn plain(mode: FailMode) -> Settings {
    Settings {
        select: Select::Random,
        seed: 12,
        mode,
        budget: Budget::unlimited(),
        eject: None,
        deadline: Duration::from_millis(500),
        ..Settings::default()
    }
}

/// A client of these instances.
fn client(instances: &[&Instance], settings: Settings) -> Client {
    let members = instances.iter().map(|one| one.member()).collect();
    options::client(members, settings)
}

/// Waits until these have told everything: what a call has left behind is heard a moment later.
async fn quiet(instances: &[&Instance]) {
    let counts = || instances.iter().map(|one| one.counts()).collect::<Vec<_>>();
    for _ in 0..50 {
        let before = counts();
        sleep(Duration::from_millis(60)).await;
        if counts() == before {
            return;
        }
    }
}
