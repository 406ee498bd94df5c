//! To be out of the book is not to be out of the callers' heads. The last caller may have read it a moment
//! before we were out, believes it for `believed`, makes a call at the end of that, and the call travels. So
//! the clock of the notice starts when `deregister` has returned `Ok`, and it runs for the sum of both. Silence
//! proves nothing: the one who calls once an hour is silent as well. Nor do calls prove anything: somebody may
//! have our address on a piece of paper, and would hold us for ever. All of this is one future, `goodbye`, and
//! it is polled beside the calls: whoever awaits it *instead* of answering is away while still in the book.

use std::future::Future;

use tokio::sync::mpsc;
use tokio::time::{Instant, sleep, timeout_at};

// Given in given.rs, beside this file: `Call`, `Book`, `Away`, `Times`, `reply`.
pub use super::given::*;

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
        sleep(times.believed + times.travel).await;
        Ok(())
    };
    tokio::pin!(goodbye);
    loop {
        tokio::select! {
            left = &mut goodbye => return left,
            call = calls.recv() => match call {
                Some(call) => reply(call),
                None => return Ok(()),
            },
        }
    }
}
