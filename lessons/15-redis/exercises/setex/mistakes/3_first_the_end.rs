//! belief: the-order-saves-it
//! words: With the end first, nothing can happen.
//! check: a_it_dies_in_the_middle
//! says: never expires

use redis::aio::ConnectionManager;
use redis::{AsyncCommands, RedisResult};

/// Keeps `value` under `key`. After `seconds` it is gone.
pub async fn keep(
    mut redis: ConnectionManager,
    key: &str,
    value: &str,
    seconds: u64,
) -> RedisResult<()> {
    let _: bool = redis
        .expire(key, i64::try_from(seconds).unwrap_or(-1))
        .await?;
    redis.set(key, value).await
}
