//! Serves until the process is asked to end, and then shuts down gracefully.

use tracing::info;

use crate::drain::{Limits, ShutdownReport, Staying, leave};

/// Why a server has ended with an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// It was asked to end a second time, and ended at once.
    #[error("ends at once, as asked a second time: calls may be lost")]
    AtOnce,
    /// Consul was not reached before the limit.
    #[error("Consul still has the entry; its checks fail from now on")]
    StillListed,
    /// Calls were still under way when the grace was over.
    #[error("calls were cut off after the grace")]
    CutOff,
}

// ANCHOR: run
/// Serves until `stop` is ready, and then shuts down. If `again` is ready during that, it ends at once.
///
/// # Errors
/// [`Error`], if calls were cut off or the entry was not removed.
pub async fn serve_until(
    staying: Staying,
    limits: Limits,
    stop: impl Future<Output = ()>,
    again: impl Future<Output = ()>,
) -> Result<(), Error> {
    stop.await;
    info!(
        "leaving: at most {} s; Ctrl-C once more ends it at once",
        limits.longest().as_secs_f64().ceil()
    );
    let left = tokio::select! {
        left = leave(staying, limits) => left,
        // A person who presses Ctrl-C a second time means it.
        () = again => return Err(Error::AtOnce),
    };
    match left {
        ShutdownReport { told: false, .. } => Err(Error::StillListed),
        ShutdownReport {
            finished: false, ..
        } => Err(Error::CutOff),
        ShutdownReport { .. } => Ok(()),
    }
}
// ANCHOR_END: run
