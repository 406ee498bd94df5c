//! The record is removed before it is compared. `take` is one step: of many answers at the same time one gets the
//! record, and the others find nothing. A wrong answer uses the captcha up like a right one, so a program has one guess
//! for each picture. The session is part of the key, so another session finds nothing, and removes nothing. If the
//! store is unavailable the code is unknown: that is no verdict.

pub use l16_captcha::rules::{Store, Unavailable, Verdict, captcha_key};

/// Judges `answer`, and uses the captcha up.
pub async fn verify(
    store: &impl Store,
    session: &str,
    id: &str,
    answer: &str,
) -> Result<Verdict, Unavailable> {
    let Some(record) = store.take(&captcha_key(session, id)).await? else {
        return Ok(Verdict::Unknown);
    };
    match record.split_once(' ') {
        // An empty code would be answered by an empty answer.
        Some((_, code)) if code == answer && !code.is_empty() => Ok(Verdict::Accepted),
        _ => Ok(Verdict::Wrong),
    }
}
