//! belief: a-captcha-waits-for-its-answer
//! words: A captcha waits until it is answered.
//! check: d_free_again
//! says: are over and the captcha of A is too old

use std::future::Future;

/// The store has not answered. What was asked of it may have happened all the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Away;

/// A store that all services share. For the others each of these is one step, and between two of them
/// anything can happen.
pub trait Store: Sync {
    /// Keeps `value` under `key` for `seconds`, whatever was there.
    fn keep(
        &self,
        key: &str,
        value: &str,
        seconds: u64,
    ) -> impl Future<Output = Result<(), Away>> + Send;

    /// Keeps it if nothing is there. If something is, that stays as it is, and comes back.
    fn keep_new(
        &self,
        key: &str,
        value: &str,
        seconds: u64,
    ) -> impl Future<Output = Result<Option<String>, Away>> + Send;

    /// What is there.
    fn look(&self, key: &str) -> impl Future<Output = Result<Option<String>, Away>> + Send;
}

/// Somebody asks for a captcha.
#[derive(Clone, Debug)]
pub struct Ask {
    /// What it shall be called. The browser may have chosen it.
    pub id: String,
    /// Whose it is.
    pub session: String,
    /// Names this request. Who sends it again, because the reply got lost, sends the same name.
    pub request: String,
}

/// What has become of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Issued {
    /// This code is to be drawn.
    Draw(String),
    /// A captcha with this id waits for its answer. It stays as it is.
    Pending,
}

/// Where a captcha is kept: whoever judges the answer looks there.
pub fn place(session: &str, id: &str) -> String {
    format!("captcha:{session}:{id}")
}

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
    let there = store.keep_new(&key, &record, seconds * 1000).await?;
    let Some(there) = there else {
        return Ok(Issued::Draw(code.to_string()));
    };
    match there.split_once(' ') {
        Some((request, code)) if request == ask.request => Ok(Issued::Draw(code.to_string())),
        _ => Ok(Issued::Pending),
    }
}
