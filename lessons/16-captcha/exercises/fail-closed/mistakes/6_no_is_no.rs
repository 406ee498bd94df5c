//! belief: no-is-no
//! words: A no is a no, whatever the reason.
//! check: c_the_right_words
//! says: doubts his eyes

use std::future::Future;
use std::time::Duration;

/// The store has not answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Away;

/// What an answer is worth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Right.
    Accepted,
    /// Wrong, and the captcha is used up.
    Wrong,
    /// There is no such captcha: too old, or used.
    Unknown,
}

/// What the person in front of the door is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// Come in.
    Welcome,
    /// That was wrong: here is a new picture.
    Wrong,
    /// Too old or used: here is a new picture.
    Stale,
    /// We could not find out. It is not your fault.
    TryLater,
}

/// The time.
pub trait Clock: Sync {
    /// Does the work, for so long at most; `None` if it was not done by then.
    fn within<T: Send>(
        &self,
        time: Duration,
        work: impl Future<Output = T> + Send,
    ) -> impl Future<Output = Option<T>> + Send;
}

/// Waits for a verdict, for `patience` at most, and decides.
pub async fn decide(
    clock: &impl Clock,
    verdict: impl Future<Output = Result<Verdict, Away>> + Send,
    patience: Duration,
) -> Decision {
    match clock.within(patience, verdict).await {
        Some(Ok(Verdict::Accepted)) => Decision::Welcome,
        Some(Ok(Verdict::Wrong)) => Decision::Wrong,
        Some(Ok(Verdict::Unknown)) => Decision::Wrong,
        Some(Err(Away)) | None => Decision::TryLater,
    }
}
