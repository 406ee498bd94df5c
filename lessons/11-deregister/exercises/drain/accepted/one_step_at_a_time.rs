//! Accepted: a function that answers calls while a future runs, used for each step.

use std::future::Future;

use tokio::sync::mpsc;
use tokio::time::{sleep, timeout};

// Given in given.rs, beside this file: `Call`, `Registry`, `Unavailable`, `Times`, `reply`.
pub use super::given::*;

pub async fn serve(
    mut calls: mpsc::Receiver<Call>,
    registry: impl Registry,
    leave: impl Future<Output = ()>,
    times: Times,
) -> Result<(), Unavailable> {
    // If no client is left, the other steps end at once.
    answering(&mut calls, leave).await;
    let attempts = async {
        loop {
            match registry.deregister().await {
                Ok(()) => return,
                Err(Unavailable) => sleep(times.retry_pause).await,
            }
        }
    };
    match answering(&mut calls, timeout(times.retry_for, attempts)).await {
        None => return Ok(()),
        Some(Err(_)) => return Err(Unavailable),
        Some(Ok(())) => {}
    }
    answering(&mut calls, sleep(times.cached + times.transit)).await;
    Ok(())
}

/// Answers calls until `step` has ended; `None` if no client is left before that.
async fn answering<T>(
    calls: &mut mpsc::Receiver<Call>,
    step: impl Future<Output = T>,
) -> Option<T> {
    tokio::pin!(step);
    loop {
        tokio::select! {
            done = &mut step => return Some(done),
            call = calls.recv() => reply(call?),
        }
    }
}
