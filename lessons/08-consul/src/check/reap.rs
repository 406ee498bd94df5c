//! The reaper: deregisters services that stay critical for too long; it looks twice a minute.
//!
//! A service whose check asks for it (`DeregisterCriticalServiceAfter`) and has been critical for so
//! long is deregistered. No caller needs the exact second, so one sweep does for all of them: that is
//! why a reaping comes up to half a minute late, here and in Consul.

use std::sync::Arc;
use std::time::Duration;

use crate::extra::clock::{Awake, Moment};
use crate::shared::Shared;

const SWEEP: Duration = Duration::from_secs(30);
/// How long a deleted key is remembered for those who watch its folder.
const GRAVE: Duration = Duration::from_secs(15 * 60);

// ANCHOR: run
/// Sweeps until the agent ends.
pub async fn run(shared: Arc<Shared>, first: impl Future<Output = Awake>) {
    let mut awake = first.await;
    loop {
        let now = shared.clock.now();
        sweep(&shared, now);
        let next = shared.clock.sleep(SWEEP);
        drop(awake);
        awake = next.await;
    }
}
// ANCHOR_END: run

/// The first sleep, to be made before the task is spawned.
pub fn first(shared: &Shared) -> impl Future<Output = Awake> + Send + use<> {
    shared.clock.sleep(SWEEP)
}

fn sweep(shared: &Arc<Shared>, now: Moment) {
    let dead = shared.store.read(|state| state.local.dead(now));
    for id in dead {
        eprintln!("reaped: service {id:?} was critical for too long");
        if let Err(refused) = shared.deregister_service(&id) {
            eprintln!("reaping {id:?}: {}", refused.words);
        }
    }
    shared.sync();
    let forgotten = now.saturating_sub(GRAVE);
    shared.store.write(|state| state.kv.forget(forgotten));
}
