//! Accepted: SETEX, the older spelling of SET with EX; GET, and EXPIRE as a second command.

use redis::aio::ConnectionManager;
use redis::{AsyncCommands, RedisResult};

pub use super::given::*;

pub async fn log_in(
    mut redis: ConnectionManager,
    token: &str,
    user: &str,
    idle: u64,
) -> RedisResult<()> {
    redis.set_ex(key(token), user, idle).await
}

pub async fn user_of(
    mut redis: ConnectionManager,
    token: &str,
    idle: u64,
) -> RedisResult<Option<String>> {
    let user = redis.get(key(token)).await?;
    let seconds = i64::try_from(idle).unwrap_or(i64::MAX);
    let _: bool = redis.expire(key(token), seconds).await?;
    Ok(user)
}
