//! belief: one-thing-at-a-time
//! words: First the book, then the calls.
//! check: b_calls_are_answered_while_the_book_is_asked
//! says: you are still in it, and calls come

use std::future::Future;
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, sleep, sleep_until, timeout_at};

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
    tokio::pin!(leave);
    loop {
        tokio::select! {
            () = &mut leave => break,
            call = calls.recv() => match call {
                Some(call) => reply(call),
                None => return Ok(()),
            },
        }
    }
    let until = Instant::now() + times.patience;
    let done = timeout_at(until, async {
        while book.deregister().await.is_err() {
            sleep(times.pause).await;
        }
    });
    done.await.map_err(|_| Away)?;
    let noticed = Instant::now() + times.believed + times.travel;
    while let Ok(Some(call)) = timeout_at(noticed, calls.recv()).await {
        reply(call);
    }
    sleep_until(noticed).await;
    Ok(())
}

fn reply(call: Call) {
    // A caller that has hung up meanwhile does not want it any more.
    let _ = call.answer.send(call.question * 2);
}
