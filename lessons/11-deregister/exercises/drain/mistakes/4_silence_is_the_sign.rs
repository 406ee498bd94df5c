//! belief: silence-is-the-sign
//! words: When nobody has called for a while, nobody will.
//! check: c_the_last_caller_may_be_a_quiet_one
//! says: silence shortens nothing

use std::future::Future;
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, sleep, timeout_at};

/// What a caller wants. A call that is dropped without an answer is lost: its caller gets an error.
pub struct Call {
    pub question: u64,
    pub answer: oneshot::Sender<u64>,
}

/// The phone book that callers look into.
pub trait Book: Send + Sync {
    /// Takes us out of it. When this returns `Ok`, we are out; before, we may be in.
    fn deregister(&self) -> impl Future<Output = Result<(), Away>> + Send;
}

/// The book cannot be reached. It may be back soon.
#[derive(Debug, PartialEq, Eq)]
pub struct Away;

/// What is known about our callers and about the book.
#[derive(Clone, Copy)]
pub struct Times {
    /// A caller reads the book, and believes it for so long before reading it again.
    pub believed: Duration,
    /// A call may be on its way for so long before it is here.
    pub travel: Duration,
    /// The pause before a book that was away is asked again.
    pub pause: Duration,
    /// If the book is still away so long after the wish to leave, leave all the same.
    pub patience: Duration,
}

pub async fn calculator(
    mut calls: mpsc::Receiver<Call>,
    book: impl Book,
    leave: impl Future<Output = ()>,
    times: Times,
) -> Result<(), Away> {
    let goodbye = async {
        leave.await;
        let until = Instant::now() + times.patience;
        // A book that takes its time must not take more than there is.
        let done = timeout_at(until, async {
            while book.deregister().await.is_err() {
                sleep(times.pause).await;
            }
        });
        done.await.map_err(|_| Away)?;
        Ok(())
    };
    tokio::pin!(goodbye);
    let left = loop {
        tokio::select! {
            left = &mut goodbye => break left,
            call = calls.recv() => match call {
                Some(call) => reply(call),
                None => return Ok(()),
            },
        }
    };
    // As long as somebody calls, somebody still has our address.
    let quiet = times.travel * 2;
    let end = Instant::now() + (times.believed + times.travel) * 2;
    while let Ok(Some(call)) = timeout_at(end.min(Instant::now() + quiet), calls.recv()).await {
        reply(call);
    }
    left
}

fn reply(call: Call) {
    // A caller that has hung up meanwhile does not want it any more.
    let _ = call.answer.send(call.question * 2);
}
