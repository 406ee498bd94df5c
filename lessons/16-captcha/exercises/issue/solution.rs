//! `keep_new` looks and stores in one step: of two requests for one key at the same time only one is stored, and a
//! waiting captcha stays as it is. It also returns the record that is there. A request that is sent again because its
//! reply got lost finds its own name in the record, and gets the code of the first time. The expiry makes an id free
//! again, besides an answer, so no service has to remember which ids there were.

pub use l16_captcha::rules::{IssueRequest, Issued, Store, Unavailable, captcha_key};

/// Issues a captcha: stores the fresh `code` for `seconds`, as `REQUEST CODE`, unless a captcha waits under its key.
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
