//! Accepted: `let else` takes the cases without a verdict away first.

use std::future::Future;
use std::time::Duration;

pub use l16_captcha::rules::{Clock, Decision, Unavailable, Verdict};

pub async fn decide(
    clock: &impl Clock,
    verdict: impl Future<Output = Result<Verdict, Unavailable>> + Send,
    timeout: Duration,
) -> Decision {
    let Some(Ok(verdict)) = clock.within(timeout, verdict).await else {
        return Decision::TryLater;
    };
    if verdict == Verdict::Accepted {
        Decision::Welcome
    } else if verdict == Verdict::Wrong {
        Decision::Wrong
    } else {
        Decision::Stale
    }
}
