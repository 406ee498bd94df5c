//! Issuing a captcha: one id, one captcha that waits for its answer.

use super::{Ask, Away, Issued, Store, place};

/// Keeps a fresh `code` for `seconds`, unless a captcha with this id waits in this session.
///
/// `keep_new` looks and keeps in one step: of two requests for one id at the same time only one gets it. It also
/// returns the record that is there. A request that is repeated because its reply got lost finds its own name in
/// the record, and gets the code of the first time.
///
/// # Errors
/// [`Away`] if the store has not answered; the captcha may have been kept.
// ANCHOR: issue
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
// ANCHOR_END: issue
