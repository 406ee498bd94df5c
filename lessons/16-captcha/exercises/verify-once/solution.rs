//! The captcha is taken away before anybody looks at the answer. `take` is one step: of many who answer at the same
//! time one gets the code, and the others find nothing. A wrong answer has used it up like a right one, so a machine
//! has one guess, and then needs a new picture. The session is part of the place, and so a stranger finds
//! nothing there, and takes nothing away from the owner. If the store is away nobody knows the code: that is no verdict.

pub use l16_captcha::rules::{Away, Store, Verdict, place};

/// Judges an answer.
pub async fn verify(
    store: &impl Store,
    session: &str,
    id: &str,
    answer: &str,
) -> Result<Verdict, Away> {
    let Some(record) = store.take(&place(session, id)).await? else {
        return Ok(Verdict::Unknown);
    };
    match record.split_once(' ') {
        // An empty code would be answered by an empty answer.
        Some((_, code)) if code == answer && !code.is_empty() => Ok(Verdict::Accepted),
        _ => Ok(Verdict::Wrong),
    }
}
