pub use l16_captcha::rules::{Store, Unavailable, Verdict, captcha_key};

/// Judges `answer` to the captcha that is stored under `captcha_key(session, id)`, as the record `REQUEST CODE`.
///
/// * No record is stored there: `Verdict::Unknown`, whatever the answer is.
/// * An answer uses the captcha up, a wrong answer too. Of many answers at the same moment one is judged, and the
///   others are `Unknown`.
/// * `Accepted` if the answer equals the code, all of it; `Wrong` if not.
/// * A record without a code (`REQUEST` alone, with or without the space) accepts no answer, the empty one neither: `Wrong`.
/// * An error of the store is returned, because it is no verdict.
pub async fn verify(
    store: &impl Store,
    session: &str,
    id: &str,
    answer: &str,
) -> Result<Verdict, Unavailable> {
    let key = captcha_key(session, id);
    let record = store.look(&key).await?.unwrap_or_default();
    let code = record.split_once(' ').map_or("", |(_, code)| code);
    if code == answer {
        // It has served its purpose.
        store.take(&key).await?;
        return Ok(Verdict::Accepted);
    }
    Ok(Verdict::Wrong)
}
