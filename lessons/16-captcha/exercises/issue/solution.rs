//! `keep_new` asks and keeps in one step, so of two who ask for one id at the same time only one can have it, and
//! what waits there stays as it is. It also tells what was there: a request that comes a second time, because
//! its reply got lost, knows its own name in it and gets the code of the first time. The time to live is the only
//! thing that makes an id free again, besides an answer: nobody has to remember which ids there were.

pub use l16_captcha::rules::{Ask, Away, Issued, Store, place};

/// Keeps a fresh `code` for an answer within `seconds`: `REQUEST CODE`, at its `place`. Neither part has a
/// space in it.
pub async fn issue(
    store: &impl Store,
    ask: &Ask,
    code: &str,
    seconds: u64,
) -> Result<Issued, Away> {
    let key = place(&ask.session, &ask.id);
    let record = format!("{} {code}", ask.request);
    let there = store.keep_new(&key, &record, seconds).await?;
    let Some(there) = there else {
        return Ok(Issued::Draw(code.to_string()));
    };
    match there.split_once(' ') {
        Some((request, code)) if request == ask.request => Ok(Issued::Draw(code.to_string())),
        _ => Ok(Issued::Pending),
    }
}
