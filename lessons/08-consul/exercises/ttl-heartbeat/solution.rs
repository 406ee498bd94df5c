//! A heartbeat that a timer sends proves that a timer runs. It is worth something only if it is tied to
//! the work: here to the last moment at which the worker finished a job or had none. A third of the TTL
//! is the usual rhythm, because then one heartbeat may be lost, and the next one is still in time; with
//! the TTL itself as the rhythm, the two race. That the agent is away is nothing that the heart could
//! mend, so it goes on; and a worker that was stuck may get on again, so it never stops looking.

use std::time::Duration;

// Given in given.rs, beside this file: `Away`, `Body`.
pub use super::given::*;

/// Tells the agent that the service is alive, for as long as that is true. Never returns.
pub async fn beat(body: &mut impl Body, ttl: Duration, patience: Duration) {
    let mut finished = body.finished();
    let mut well_at = body.now();
    loop {
        // Nothing to do is well, and the time for the next job begins only when it is there.
        if body.finished() != finished || body.open() == 0 {
            finished = body.finished();
            well_at = body.now();
        }
        if body.now() - well_at <= patience {
            // The next one comes soon enough, should this one be lost.
            let _ = body.pass().await;
        }
        body.sleep(ttl / 3).await;
    }
}
