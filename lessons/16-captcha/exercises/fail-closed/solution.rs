//! Only one outcome lets a visitor in, and it is written down: a verdict that came in time and says `Accepted`. Every other
//! outcome is a refusal, and so is one that is added later. The refusals differ: `Wrong` is for a visitor that has
//! mistyped, `TryLater` for one that has done nothing wrong. A store that hangs counts as unavailable when the timeout
//! is over, because the visitor waits as well.

use std::future::Future;
use std::time::Duration;

pub use l16_captcha::rules::{Clock, Decision, Unavailable, Verdict};

/// Waits for a verdict for at most `timeout`, and decides.
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
