//! A cookie is a word that the visitor says, and who says none, or a new one each time, is still one visitor: the address
//! is counted as well, with a number that leaves room for a class behind one door. Counting is one step of the store, so
//! two attempts at the same moment are two, and the window starts with the first and is not moved by those that
//! follow. The session comes first: what its own limit has refused does not use up the number of its neighbours.

use std::net::IpAddr;

pub use l16_captcha::rules::{Away, Limits, Store};

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
        if store.count(&key, limits.seconds).await? > limits.per_session {
            return Ok(false);
        }
    }
    let key = format!("count:address:{address}");
    Ok(store.count(&key, limits.seconds).await? <= limits.per_address)
}
