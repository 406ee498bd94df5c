//! Accepted: a list of counters, in the order in which they are asked.

use std::net::IpAddr;

pub use l16_captcha::rules::{Limits, Store, Unavailable};

pub async fn allowed(
    store: &impl Store,
    session: Option<&str>,
    address: IpAddr,
    limits: &Limits,
) -> Result<bool, Unavailable> {
    let mut counters = Vec::new();
    if let Some(session) = session {
        counters.push((format!("s {session}"), limits.per_session));
    }
    counters.push((format!("a {address}"), limits.per_address));
    for (key, most) in counters {
        if store.count(&key, limits.seconds).await? > most {
            return Ok(false);
        }
    }
    Ok(true)
}
