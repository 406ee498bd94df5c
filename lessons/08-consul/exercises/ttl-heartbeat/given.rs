//! What is given in this exercise: the answer uses it and does not change it.

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
