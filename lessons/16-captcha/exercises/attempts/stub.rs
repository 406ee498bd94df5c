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
    // It is for you to find out what it is for.
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
