//! Accepted: `if` in place of `match`, and the code is found by its separator.

pub use l16_captcha::rules::{Store, Unavailable, Verdict, captcha_key};

pub async fn verify(
    store: &impl Store,
    session: &str,
    id: &str,
    answer: &str,
) -> Result<Verdict, Unavailable> {
    let key = captcha_key(session, id);
    let taken = store.take(&key).await?;
    if taken.is_none() {
        return Ok(Verdict::Unknown);
    }
    let record = taken.unwrap_or_default();
    let code = record.split(' ').nth(1).unwrap_or_default();
    if !code.is_empty() && code == answer {
        return Ok(Verdict::Accepted);
    }
    Ok(Verdict::Wrong)
}
