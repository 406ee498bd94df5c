pub use l16_captcha::rules::{Ask, Away, Issued, Store, place};

/// Keeps a fresh `code` for an answer within `seconds`: `REQUEST CODE`, at its `place`. Neither part has a
/// space in it.
pub async fn issue(
    store: &impl Store,
    ask: &Ask,
    code: &str,
    seconds: u64,
) -> Result<Issued, Away> {
    // Whoever asks has chosen the id, so nobody else can have it.
    let record = format!("{} {code}", ask.request);
    let key = place(&ask.session, &ask.id);
    store.keep(&key, &record, seconds).await?;
    Ok(Issued::Draw(code.to_string()))
}
