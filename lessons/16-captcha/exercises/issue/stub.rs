pub use l16_captcha::rules::{IssueRequest, Issued, Store, Unavailable, captcha_key};

/// Issues a captcha: stores the fresh `code` for `seconds`, under the key `captcha_key(session, id)`, as the record
/// `REQUEST CODE`: the name of the request, one space, the code. Neither has a space in it.
///
/// * Nothing is stored there: the result is `Issued::Draw` with the fresh code.
/// * A captcha waits there. It is never overwritten: its record and the seconds that it has left stay. The result is
///   `Issued::Pending`.
/// * A captcha waits there, and its record has the name of this very request, which was sent again because its reply
///   got lost. The record stays as well, and the result is `Issued::Draw` with the code of the record.
/// * Two services may run this at the same moment, for the same key.
/// * An error of the store is returned.
pub async fn issue(
    store: &impl Store,
    ask: &IssueRequest,
    code: &str,
    seconds: u64,
) -> Result<Issued, Unavailable> {
    // The client has chosen the id, so no other client uses it.
    let key = captcha_key(&ask.session, &ask.id);
    let record = format!("{} {code}", ask.request);
    store.keep(&key, &record, seconds).await?;
    Ok(Issued::Draw(code.to_string()))
}
