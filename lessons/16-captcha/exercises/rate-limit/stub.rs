use std::net::IpAddr;

pub use l16_captcha::rules::{Limits, Store, Unavailable};

/// Counts one attempt, and returns whether it may be made. `session` is the value of the cookie, if one was sent.
///
/// * An attempt with a session counts for the session. Beyond `limits.per_session` it may not be made, and then it does not
///   count for the address.
/// * Each other attempt counts for its address, with a session or without. Beyond `limits.per_address` it may not be made.
/// * A count is forgotten `limits.seconds` after its first attempt; the attempts after the first do not change that.
/// * Two attempts at the same moment are two.
/// * The key of a session differs from the key of each address, whatever text the session is.
/// * An error of the store is returned.
pub async fn allowed(
    store: &impl Store,
    session: Option<&str>,
    address: IpAddr,
    limits: &Limits,
) -> Result<bool, Unavailable> {
    let _ = address;
    let Some(session) = session else {
        return Ok(true);
    };
    let key = format!("count:{session}");
    let before = store.look(&key).await?;
    let now = before.map_or(0, |count| count.parse().unwrap_or(0)) + 1;
    store.keep(&key, &now.to_string(), limits.seconds).await?;
    Ok(now <= limits.per_session)
}
