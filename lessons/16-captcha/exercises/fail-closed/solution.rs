//! There is one way in, and it is written down: a verdict that came in time and says `Accepted`. Whatever else happens ends
//! at the closed door, also what nobody has thought of. But it does not end there with a lie: `Wrong` is for a person who has
//! mistyped, `TryLater` for one who has done nothing wrong. A store that hangs is a store that is away, as soon as
//! our patience is over; and it is never asked for longer, because the person in front of the door waits as well.

use std::future::Future;
use std::time::Duration;

pub use l16_captcha::rules::{Away, Clock, Decision, Verdict};

/// Waits for a verdict, for `patience` at most, and decides.
pub async fn decide(
    clock: &impl Clock,
    verdict: impl Future<Output = Result<Verdict, Away>> + Send,
    patience: Duration,
) -> Decision {
    match clock.within(patience, verdict).await {
        Some(Ok(Verdict::Accepted)) => Decision::Welcome,
        Some(Ok(Verdict::Wrong)) => Decision::Wrong,
        Some(Ok(Verdict::Unknown)) => Decision::Stale,
        Some(Err(Away)) | None => Decision::TryLater,
    }
}
