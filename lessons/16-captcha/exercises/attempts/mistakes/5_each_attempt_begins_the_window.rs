//! belief: each-attempt-begins-the-window
//! words: Who tries again waits again.
//! check: d_the_window_ends
//! says: is locked out for ever

use std::future::Future;
use std::net::IpAddr;

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

    /// What is there.
    fn look(&self, key: &str) -> impl Future<Output = Result<Option<String>, Away>> + Send;

    /// One more under `key`: how many there are now. `seconds` after the first one they are forgotten.
    fn count(&self, key: &str, seconds: u64) -> impl Future<Output = Result<u64, Away>> + Send;
}

/// How many within how long.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// For one session.
    pub per_session: u64,
    /// For one address. A whole class may share one.
    pub per_address: u64,
    /// The window that is counted in.
    pub seconds: u64,
}

async fn again(store: &impl Store, key: &str, seconds: u64) -> Result<u64, Away> {
    let now = store.count(key, seconds).await?;
    // The window begins anew.
    store.keep(key, &now.to_string(), seconds).await?;
    Ok(now)
}

/// Counts an attempt at an answer, and says whether it may be made. `session` is the cookie, if one came
/// along.
pub async fn allowed(
    store: &impl Store,
    session: Option<&str>,
    address: IpAddr,
    limits: &Limits,
) -> Result<bool, Away> {
    if let Some(session) = session {
        let key = format!("count:session:{session}");
        if again(store, &key, limits.seconds).await? > limits.per_session {
            return Ok(false);
        }
    }
    let key = format!("count:address:{address}");
    Ok(again(store, &key, limits.seconds).await? <= limits.per_address)
}
