//! Leaving well: four steps, each with a name and a limit.

use std::time::Duration;

use l06_grpc::retry::Policy;
use l09_register::keep::{Kept, Rhythm};
use l09_register::registry::{Error, Registry};
use l09_register::service::Service;
use tokio::time::{Instant, sleep, timeout};
use tonic_health::ServingStatus::NotServing;
use tracing::{info, warn};

// ANCHOR: limits
/// How long each step may take.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// For telling Consul. It may be away just now; for so long it is tried again.
    pub goodbye: Duration,
    /// From then until callers have noticed. A caller that watches knows within milliseconds; one that
    /// asks every second knows within a second, and one that believes DNS when its answer has run out.
    /// The slowest of them decides.
    pub notice: Duration,
    /// For the calls that are under way after that.
    pub grace: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            goodbye: Duration::from_secs(5),
            notice: Duration::from_secs(1),
            grace: Duration::from_secs(10),
        }
    }
}
// ANCHOR_END: limits

impl Limits {
    /// The most that leaving takes. Whoever ends this program by force must not do it before.
    #[must_use]
    pub fn longest(&self) -> Duration {
        self.goodbye + self.notice + self.grace
    }
}

/// A service that is in the phone book.
pub struct Staying {
    /// What answers calls.
    pub service: Service,
    /// What keeps it on the list.
    pub kept: Kept,
    /// Where the list is.
    pub registry: Registry,
    /// Its id there.
    pub id: String,
}

/// How it left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ShutdownReport {
    /// Whether Consul was told.
    pub told: bool,
    /// Whether every call that had begun was finished.
    pub finished: bool,
}

// ANCHOR: leave
/// Leaves. Calls are answered all the while, until the last step; when this returns, nothing is
/// left to do but to end.
pub async fn leave(staying: Staying, limits: Limits) -> ShutdownReport {
    let Staying {
        service,
        kept,
        registry,
        id,
    } = staying;
    // For those who ask the service itself. Nothing is refused because of it.
    service.report(NotServing).await;
    info!("says NOT_SERVING, and answers every call");
    // For those who ask Consul.
    let heard = goodbye(kept, &registry, &id, limits.goodbye).await;
    let told = heard.is_ok();
    match heard {
        Ok(()) => {
            info!("is off the list, and answers every call");
            // They have read the list before that, and have not looked again yet.
            sleep(limits.notice).await;
            info!("the notice is over: GOAWAY to every connection");
        }
        // Nobody will notice anything, however long it waits.
        Err(error) => warn!("could not say goodbye: {error}"),
    }
    let finished = timeout(limits.grace, service.stop()).await.is_ok();
    match finished {
        true => info!("has finished what was under way"),
        false => warn!("the grace is over, and calls are cut off"),
    }
    ShutdownReport { told, finished }
}
// ANCHOR_END: leave

// ANCHOR: goodbye
/// Stops keeping it registered, and takes it off the list. In this order: a keeper that is still at
/// work finds that it has been forgotten, and registers it again.
async fn goodbye(kept: Kept, registry: &Registry, id: &str, limit: Duration) -> Result<(), Error> {
    let until = Instant::now() + limit;
    let pauses = Policy {
        attempts: u32::MAX,
        first: Rhythm::default().first,
        longest: Duration::from_secs(1),
    };
    let in_time = |left: Duration| Error::Away(format!("no answer within {} ms", left.as_millis()));
    let mut outcome = (timeout(limit, kept.leave()).await).unwrap_or(Err(in_time(limit)));
    let mut failed = 0;
    while let Err(error) = &outcome {
        failed += 1;
        let pause = pauses.pause(failed);
        if !error.may_pass() || Instant::now() + pause >= until {
            break;
        }
        sleep(pause).await;
        let left = until.saturating_duration_since(Instant::now());
        let again = timeout(left, registry.deregister(id)).await;
        outcome = again.unwrap_or(Err(in_time(left)));
    }
    outcome
}
// ANCHOR_END: goodbye
