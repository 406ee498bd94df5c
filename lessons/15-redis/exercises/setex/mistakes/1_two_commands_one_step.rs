//! belief: two-commands-one-step
//! words: Two commands are one step.
//! check: a_it_dies_in_the_middle
//! says: A crash after SET

use redis::aio::ConnectionManager;
use redis::{AsyncCommands, RedisResult};

/// Keeps `value` under `key`. After `seconds` it is gone.
pub async fn keep(
    mut redis: ConnectionManager,
    key: &str,
    value: &str,
    seconds: u64,
) -> RedisResult<()> {
    let _: () = redis.set(key, value).await?;
    redis
        .expire(key, i64::try_from(seconds).unwrap_or(-1))
        .await
}
