//! Counting attempts: a limit for each session, and one for each address.

use std::net::IpAddr;

use super::{Limits, Store, Unavailable};

/// Counts one attempt, and returns whether it may be made. `session` is the cookie, if the request had one.
///
/// A visitor chooses its cookie, and may choose a new one for each attempt, so the address is counted as well,
/// with a limit that leaves room for a class behind one address. Counting is one step of the store: two attempts
/// at the same moment are two. The session comes first, so that an attempt beyond its own limit does not use up
/// the limit that it shares with its neighbours.
///
/// # Errors
/// [`Unavailable`] if the store has not answered; the attempt may have been counted.
// ANCHOR: allowed
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
// ANCHOR_END: allowed
