//! Accepted: a transaction for each function, with the two commands in it.

use redis::RedisResult;
use redis::aio::ConnectionManager;

pub use super::given::*;

pub async fn log_in(
    mut redis: ConnectionManager,
    token: &str,
    user: &str,
    idle: u64,
) -> RedisResult<()> {
    let mut both = redis::pipe();
    both.atomic().set(key(token), user).ignore();
    both.expire(key(token), i64::try_from(idle).unwrap_or(i64::MAX));
    let (_,): (bool,) = both.query_async(&mut redis).await?;
    Ok(())
}

pub async fn user_of(
    mut redis: ConnectionManager,
    token: &str,
    idle: u64,
) -> RedisResult<Option<String>> {
    let mut both = redis::pipe();
    both.atomic().get(key(token));
    both.expire(key(token), i64::try_from(idle).unwrap_or(i64::MAX));
    let (user, _): (Option<String>, bool) = both.query_async(&mut redis).await?;
    Ok(user)
}
