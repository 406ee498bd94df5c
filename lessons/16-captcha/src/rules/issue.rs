//! Issuing a captcha: one id, one captcha that waits for its answer.

use super::{IssueRequest, Issued, Store, Unavailable, captcha_key};

/// Keeps a fresh `code` for `seconds`, unless a captcha with this id waits in this session.
///
/// `keep_new` looks and keeps in one step: of two requests for one id at the same time only one gets it. It also
/// returns the record that is there. A request that is repeated because its reply got lost finds its own name in
/// the record, and gets the code of the first time.
///
/// # Errors
/// [`Unavailable`] if the store has not answered; the captcha may have been kept.
// ANCHOR: issue
pub async fn issue(
    store: &impl Store,
    ask: &IssueRequest,
    code: &str,
    seconds: u64,
) -> Result<Issued, Unavailable> {
    let key = captcha_key(&ask.session, &ask.id);
    let record = format!("{} {code}", ask.request);
    let Some(there) = store.keep_new(&key, &record, seconds).await? else {
        return Ok(Issued::Draw(code.to_string()));
    };
    match there.split_once(' ') {
        Some((request, code)) if request == ask.request => Ok(Issued::Draw(code.to_string())),
        _ => Ok(Issued::Pending),
    }
}
// ANCHOR_END: issue
