use std::future::Future;
use std::time::Duration;

pub use l16_captcha::rules::{Away, Clock, Decision, Verdict};

/// Waits for a verdict, for `patience` at most, and decides.
pub async fn decide(
    clock: &impl Clock,
    verdict: impl Future<Output = Result<Verdict, Away>> + Send,
    patience: Duration,
) -> Decision {
    // It is for you to find out what they are for.
    let _ = (clock, patience);
    match verdict.await {
        Ok(Verdict::Wrong) => Decision::Wrong,
        Ok(Verdict::Unknown) => Decision::Stale,
        // Nobody has said no.
        _ => Decision::Welcome,
    }
}
