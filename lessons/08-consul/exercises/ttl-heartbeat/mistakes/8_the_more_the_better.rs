//! belief: the-more-the-better
//! words: The more heartbeats, the healthier.
//! check: h_not_too_often
//! says: enough, so that one may be lost

use std::future::Future;
use std::time::Duration;

/// No answer: the agent is away at the moment.
#[derive(Debug)]
pub struct Away;

/// What the heart of a service can see and do.
pub trait Body {
    /// Waits.
    fn sleep(&mut self, time: Duration) -> impl Future<Output = ()>;
    /// The time since the service was started.
    fn now(&self) -> Duration;
    /// How many jobs the worker of this service has finished so far.
    fn finished(&self) -> u64;
    /// How many jobs it still has to do, with the one in its hands.
    fn open(&self) -> usize;
    /// A heartbeat, `PUT /v1/agent/check/pass/...`: all is well, and the TTL begins anew.
    fn pass(&mut self) -> impl Future<Output = Result<(), Away>>;
}

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
        body.sleep(ttl / 25).await;
    }
}
