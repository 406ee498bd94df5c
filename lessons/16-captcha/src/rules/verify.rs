//! Judging an answer: at most once for each captcha.

use super::{Store, Unavailable, Verdict, captcha_key};

/// Judges `answer`, and uses the captcha up.
///
/// The record is taken away before it is compared. `take` is one step: of many answers at the same time one gets
/// the record, and the others find nothing. A wrong answer uses the captcha up like a right one, so a program has
/// one guess for each picture. The session is part of the key: another session finds nothing, and takes nothing.
///
/// # Errors
/// [`Unavailable`] if the store has not answered: there is no verdict, and the captcha may be used up.
// ANCHOR: verify
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
// ANCHOR_END: verify
