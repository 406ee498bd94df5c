//! What is given in this exercise: the answer uses it and does not change it.

use std::future::Future;
use std::time::Duration;

/// No answer: the agent is unavailable at the moment.
#[derive(Debug)]
pub struct Unavailable;

/// What the heartbeat of a service can see and do.
pub trait Service {
    /// Waits.
    fn sleep(&mut self, time: Duration) -> impl Future<Output = ()>;
    /// The time since the service was started.
    fn now(&self) -> Duration;
    /// How many jobs the worker of this service has finished so far.
    fn finished(&self) -> u64;
    /// How many jobs it still has to do, the one that it works on included.
    fn open(&self) -> usize;
    /// A heartbeat, `PUT /v1/agent/check/pass/...`: the check passes, and the TTL begins anew.
    fn pass(&mut self) -> impl Future<Output = Result<(), Unavailable>>;
}
