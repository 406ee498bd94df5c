//! Accepted: the record is compared by its prefix, and `if` in place of `match`.

pub use l16_captcha::rules::{IssueRequest, Issued, Store, Unavailable, captcha_key};

pub async fn issue(
    store: &impl Store,
    ask: &IssueRequest,
    code: &str,
    seconds: u64,
) -> Result<Issued, Unavailable> {
    let mine = format!("{} ", ask.request);
    let key = captcha_key(&ask.session, &ask.id);
    let there = store
        .keep_new(&key, &format!("{mine}{code}"), seconds)
        .await?;
    let code = match &there {
        None => Some(code),
        Some(there) => there.strip_prefix(&mine),
    };
    Ok(code.map_or(Issued::Pending, |code| Issued::Draw(code.to_owned())))
}
