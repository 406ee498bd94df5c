pub use l16_captcha::rules::{Away, Store, Verdict, place};

/// Judges an answer.
pub async fn verify(
    store: &impl Store,
    session: &str,
    id: &str,
    answer: &str,
) -> Result<Verdict, Away> {
    let place = place(session, id);
    let record = store.look(&place).await?.unwrap_or_default();
    let code = record.split_once(' ').map_or("", |(_, code)| code);
    if code == answer {
        // It has served its purpose.
        store.take(&place).await?;
        return Ok(Verdict::Accepted);
    }
    Ok(Verdict::Wrong)
}
