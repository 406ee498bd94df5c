//! belief: near-enough
//! words: A little longer does no harm.
//! check: d_no_is_an_answer
//! says: would hide it

use redis::aio::ConnectionManager;
use redis::{AsyncCommands, RedisResult};

/// Keeps `value` under `key`. After `seconds` it is gone.
pub async fn keep(
    mut redis: ConnectionManager,
    key: &str,
    value: &str,
    seconds: u64,
) -> RedisResult<()> {
    redis
        .set_ex(key, value, seconds.clamp(1, 1_000_000_000))
        .await
}
