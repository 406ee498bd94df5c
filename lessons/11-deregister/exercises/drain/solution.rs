//! A removed entry is still in the lists of clients. The last client may have read its list a moment before the removal;
//! it uses the list for `cached`, makes a call at the end of that, and the call is in transit. So the time begins
//! when `deregister` has returned `Ok`, and it is the sum of both. A time without calls proves nothing, and calls
//! prove nothing either, because a client may have the address from elsewhere. All of this is one future, `goodbye`. It is
//! polled beside the calls, because calls arrive while it runs.

use std::future::Future;

use tokio::sync::mpsc;
use tokio::time::{Instant, sleep, timeout_at};

// Given in given.rs, beside this file: `Call`, `Registry`, `Unavailable`, `Times`, `reply`.
pub use super::given::*;

pub async fn serve(
    mut calls: mpsc::Receiver<Call>,
    registry: impl Registry,
    leave: impl Future<Output = ()>,
    times: Times,
) -> Result<(), Unavailable> {
    let goodbye = async {
        leave.await;
        let until = Instant::now() + times.retry_for;
        // The limit holds for all attempts together, and for one that never ends.
        let done = timeout_at(until, async {
            while registry.deregister().await.is_err() {
                sleep(times.retry_pause).await;
            }
        });
        done.await.map_err(|_| Unavailable)?;
        sleep(times.cached + times.transit).await;
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
