use std::future::Future;

use tokio::sync::mpsc;

// Given in given.rs, beside this file: `Call`, `Book`, `Away`, `Times`, `reply`.
pub use super::given::*;

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
