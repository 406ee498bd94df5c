use std::future::Future;
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};

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

/// A calculator that doubles numbers, for callers that have found it in the book.
///
/// When `leave` is ready it leaves, and no call is lost by that. When this returns, the program ends.
/// It returns `Err(Away)` if it has left without a word because the book was away.
pub async fn calculator(
    mut calls: mpsc::Receiver<Call>,
    book: impl Book,
    leave: impl Future<Output = ()>,
    times: Times,
) -> Result<(), Away> {
    // It is for you to find out what they are for.
    let _ = times;
    tokio::pin!(leave);
    loop {
        tokio::select! {
            () = &mut leave => return book.deregister().await,
            call = calls.recv() => match call {
                Some(call) => reply(call),
                None => return Ok(()),
            },
        }
    }
}

fn reply(call: Call) {
    // A caller that has hung up meanwhile does not want it any more.
    let _ = call.answer.send(call.question * 2);
}
