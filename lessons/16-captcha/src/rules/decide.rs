//! Decides whether a visitor is let in: only by a verdict that came in time.

use std::future::Future;
use std::time::Duration;

use super::{Clock, Decision, Unavailable, Verdict};

/// Waits for a verdict for at most `timeout`, and decides.
///
/// Only `Accepted` lets a visitor in ("fail closed"). A store that hangs counts as a store that is away.
/// `TryLater` and `Wrong` are kept apart, because a visitor that did nothing wrong must not be told so.
// ANCHOR: decide
pub async fn decide(
    clock: &impl Clock,
    verdict: impl Future<Output = Result<Verdict, Unavailable>> + Send,
    timeout: Duration,
) -> Decision {
    match clock.within(timeout, verdict).await {
        Some(Ok(Verdict::Accepted)) => Decision::Welcome,
        Some(Ok(Verdict::Wrong)) => Decision::Wrong,
        Some(Ok(Verdict::Unknown)) => Decision::Stale,
        Some(Err(Unavailable)) | None => Decision::TryLater,
    }
}
// ANCHOR_END: decide
