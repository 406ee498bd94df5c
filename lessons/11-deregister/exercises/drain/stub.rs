use std::future::Future;

use tokio::sync::mpsc;

// Given in given.rs, beside this file: `Call`, `Registry`, `Unavailable`, `Times`, `reply`.
pub use super::given::*;

/// Serves calls until `leave` is ready. Then it deregisters, and it returns when no client can have its address
/// from the registry any more. When it returns, the program ends.
///
/// * Each call is answered with `reply`, also while the registry is asked and after the deregistration.
/// * If the registry is unavailable, it is asked again after `retry_pause`. All attempts together take `retry_for`
///   at most; a registry that does not answer at all counts as unavailable. After that the result is
///   `Err(Unavailable)`, at once.
/// * A client may read the list a moment before the entry is removed. It uses that list for `cached`, and its last
///   call may take `transit` to arrive. That call gets an answer.
/// * Clients that have the address from elsewhere are not waited for. A time without calls proves nothing: the
///   next client may be a slow one.
/// * If `calls` ends, no client is left, and the result is `Ok(())`.
pub async fn serve(
    mut calls: mpsc::Receiver<Call>,
    registry: impl Registry,
    leave: impl Future<Output = ()>,
    times: Times,
) -> Result<(), Unavailable> {
    // Not used yet.
    let _ = times;
    tokio::pin!(leave);
    loop {
        tokio::select! {
            () = &mut leave => return registry.deregister().await,
            call = calls.recv() => match call {
                Some(call) => reply(call),
                None => return Ok(()),
            },
        }
    }
}
