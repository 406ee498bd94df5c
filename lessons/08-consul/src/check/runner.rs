//! Runs the checks: one task for each.
//!
//! A TTL is a timer that makes the check critical unless it is replaced in time. Every other check is a
//! loop: wait, find out, write it down. The first wait is a random part of the interval, so that a
//! thousand services registered at once are not asked at the same moment each time.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::sync::Semaphore;
use tokio::task::JoinHandle;

use super::{Status, tcp};
use crate::definition::{CheckDefinition, Probe};
use crate::extra::check::{late, other_ways};
use crate::extra::clock::Clock;

/// How long a try may take if the definition does not say.
const TIMEOUT: Duration = Duration::from_secs(10);
const SCRIPT_TIMEOUT: Duration = Duration::from_secs(30);

static NUMBERS: AtomicU64 = AtomicU64::new(1);

/// A running task. Dropping it ends it; what it might still report is told by the number.
#[derive(Debug)]
pub struct Task {
    number: u64,
    handle: JoinHandle<()>,
}

impl Drop for Task {
    fn drop(&mut self) {
        self.handle.abort();
    }
}

impl Task {
    /// Tells this task from the one that it replaced.
    pub fn number(&self) -> u64 {
        self.number
    }

    /// A timer: calls `expired` after `ttl`, with the number of this task.
    pub fn ttl(clock: &Clock, ttl: Duration, expired: impl FnOnce(u64) + Send + 'static) -> Task {
        let number = NUMBERS.fetch_add(1, Ordering::Relaxed);
        let sleep = clock.sleep(ttl);
        let handle = tokio::spawn(async move {
            let _awake = sleep.await;
            expired(number);
        });
        Task { number, handle }
    }

    // ANCHOR: probe
    /// Tries the check once in its interval, and reports each result with the number of this task.
    pub fn probe(
        clock: &Clock,
        probes: &Arc<Semaphore>,
        definition: &CheckDefinition,
        report: impl Fn(u64, Status, &str) + Send + 'static,
    ) -> Task {
        let number = NUMBERS.fetch_add(1, Ordering::Relaxed);
        let first = clock.sleep(clock.jitter(definition.interval));
        let (clock, probes, definition) = (clock.clone(), probes.clone(), definition.clone());
        let handle = tokio::spawn(async move {
            let mut awake = first.await;
            loop {
                // So many at once and no more: 10,000 checks would else be 10,000 open sockets. The
                // semaphore is never closed.
                let Ok(permit) = probes.acquire().await else {
                    return;
                };
                let (status, output) = try_once(&clock, &definition).await;
                drop(permit);
                report(number, status, &output);
                let next = clock.sleep(definition.interval);
                drop(awake);
                awake = next.await;
            }
        });
        Task { number, handle }
    }
    // ANCHOR_END: probe
}

/// One try, within its time.
async fn try_once(clock: &Clock, definition: &CheckDefinition) -> (Status, String) {
    let script = matches!(definition.probe, Probe::Script(_));
    let most = if script { SCRIPT_TIMEOUT } else { TIMEOUT };
    let timeout = definition.timeout.unwrap_or(most);
    let end = clock.sleep(timeout);
    let run = async {
        match &definition.probe {
            Probe::Tcp(address) => tcp::check(address).await,
            other => other_ways(other).await,
        }
    };
    tokio::select! {
        result = run => result,
        _ = end => (Status::Critical, late(&definition.probe, timeout)),
    }
}
