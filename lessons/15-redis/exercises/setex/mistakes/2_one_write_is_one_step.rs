//! belief: one-write-is-one-step
//! words: One write is one step.
//! check: a_it_dies_in_the_middle
//! says: also in one write

use redis::RedisResult;
use redis::aio::ConnectionManager;

/// Keeps `value` under `key`. After `seconds` it is gone.
pub async fn keep(
    mut redis: ConnectionManager,
    key: &str,
    value: &str,
    seconds: u64,
) -> RedisResult<()> {
    redis::pipe()
        .set(key, value)
        .expire(key, i64::try_from(seconds).unwrap_or(-1))
        .exec_async(&mut redis)
        .await
}
