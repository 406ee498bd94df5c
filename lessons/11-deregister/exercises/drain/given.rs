//! What is given in this exercise: the answer uses it and does not change it.

use std::future::Future;
use std::time::Duration;
use tokio::sync::oneshot;

/// A call of a client. If it is dropped without an answer, the call is lost and its client gets an error.
pub struct Call {
    pub question: u64,
    pub answer: oneshot::Sender<u64>,
}

/// The registry in which clients look for us.
pub trait Registry: Send + Sync {
    /// Removes our entry. After `Ok` it is removed; until then clients may still read it.
    fn deregister(&self) -> impl Future<Output = Result<(), Unavailable>> + Send;
}

/// The registry did not answer. It may be back soon.
#[derive(Debug, PartialEq, Eq)]
pub struct Unavailable;

/// What is known about our clients and about the registry.
#[derive(Clone, Copy)]
pub struct Times {
    /// A client reads the list of instances, and uses it for so long before it reads it again.
    pub cached: Duration,
    /// A call arrives so long after it was sent, at most.
    pub transit: Duration,
    /// The pause before the next attempt, if the registry did not answer.
    pub retry_pause: Duration,
    /// All attempts to deregister together take so long, at most.
    pub retry_for: Duration,
}

pub fn reply(call: Call) {
    // If the client has given up meanwhile, it needs no answer.
    let _ = call.answer.send(call.question * 2);
}
