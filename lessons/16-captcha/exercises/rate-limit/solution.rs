//! A visitor chooses its cookie, and may send none, or a new one with each attempt: so the address is counted as well, with
//! a limit that leaves room for a class behind one address. `count` is one step of the store, so two attempts at the
//! same moment are two, and the window begins with the first one and does not move. The session comes first, so that an
//! attempt beyond its own limit does not use up the limit that it shares with its neighbours.

use std::net::IpAddr;

pub use l16_captcha::rules::{Limits, Store, Unavailable};

/// Counts one attempt, and returns whether it may be made. `session` is the value of the cookie, if one was sent.
pub async fn allowed(
    store: &impl Store,
    session: Option<&str>,
    address: IpAddr,
    limits: &Limits,
) -> Result<bool, Unavailable> {
    if let Some(session) = session {
        let key = format!("count:session:{session}");
        if store.count(&key, limits.seconds).await? > limits.per_session {
            return Ok(false);
        }
    }
    let key = format!("count:address:{address}");
    Ok(store.count(&key, limits.seconds).await? <= limits.per_address)
}
