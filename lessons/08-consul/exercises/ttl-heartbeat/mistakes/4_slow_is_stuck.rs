//! belief: slow-is-stuck
//! words: Whoever has finished nothing since I last looked is stuck.
//! check: c_slow_is_alive
//! says: how long ago the last one was

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
    let mut idle_looks = 0;
    loop {
        // Nothing to do is well, and the time for the next job begins only when it is there.
        if body.finished() != finished || body.open() == 0 {
            finished = body.finished();
            idle_looks = 0;
        } else {
            idle_looks += 1;
        }
        if idle_looks < 2 || patience.is_zero() {
            // The next one comes soon enough, should this one be lost.
            let _ = body.pass().await;
        }
        body.sleep(ttl / 3).await;
    }
}
