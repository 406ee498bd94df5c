//! Graceful shutdown of a registered service: four steps, each with a name and a limit.

use std::time::Duration;

use l06_grpc::retry::Policy;
use l09_register::keep::{Kept, Rhythm};
use l09_register::registry::{Error, Registry};
use l09_register::service::Service;
use tokio::time::{Instant, sleep, timeout};
use tonic_health::ServingStatus::NotServing;
use tracing::{info, warn};

// ANCHOR: limits
/// The time limits of the steps.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// For the deregistration, with all attempts. Consul may be away for a moment.
    pub goodbye: Duration,
    /// From the deregistration until GOAWAY: until the slowest caller has a new list. A caller that watches has it within
    /// milliseconds, one that asks every second within a second, and one with a DNS answer when that has expired.
    pub notice: Duration,
    /// For the calls that are under way at the GOAWAY.
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
    /// The longest time that a shutdown takes. The limit of the supervisor has to be longer.
    pub fn longest(&self) -> Duration {
        self.goodbye + self.notice + self.grace
    }
}

/// A service that is registered, until it shuts down.
pub struct Staying {
    /// The server.
    pub service: Service,
    /// The task that keeps it registered.
    pub kept: Kept,
    /// The registry.
    pub registry: Registry,
    /// Its id there.
    pub id: String,
}

/// The result of a shutdown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ShutdownReport {
    /// Whether Consul has removed the entry.
    pub told: bool,
    /// Whether all calls under way were finished.
    pub finished: bool,
}

// ANCHOR: leave
/// Shuts the service down. It answers calls until the last step. When this returns, the program can end.
pub async fn leave(staying: Staying, limits: Limits) -> ShutdownReport {
    let Staying {
        service,
        kept,
        registry,
        id,
    } = staying;
    // For clients that ask the service itself. Calls are answered all the same.
    service.report(NotServing).await;
    info!("NOT_SERVING; calls are answered");
    // For clients that ask Consul.
    let heard = goodbye(kept, &registry, &id, limits.goodbye).await;
    let told = heard.is_ok();
    match heard {
        Ok(()) => {
            info!("deregistered; calls are answered");
            // Some clients have read the list before that.
            sleep(limits.notice).await;
            info!("the notice is over: GOAWAY to every connection");
        }
        // The entry is still there, so a notice would change nothing.
        Err(error) => warn!("could not deregister: {error}"),
    }
    let finished = timeout(limits.grace, service.stop()).await.is_ok();
    match finished {
        true => info!("all calls are finished"),
        false => warn!("the grace is over, and calls are cut off"),
    }
    ShutdownReport { told, finished }
}
// ANCHOR_END: leave

// ANCHOR: goodbye
/// Stops the task that keeps the service registered, and deregisters. In this order: that task would find the entry missing,
/// and register again.
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
