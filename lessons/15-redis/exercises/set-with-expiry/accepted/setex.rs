//! Accepted: SETEX, which Redis calls deprecated. It is one command as well.

use redis::aio::ConnectionManager;
use redis::{AsyncCommands, RedisResult};

pub async fn keep(
    mut redis: ConnectionManager,
    key: &str,
    value: &str,
    seconds: u64,
) -> RedisResult<()> {
    redis.set_ex(key, value, seconds).await
}
