//! belief: time-is-milliseconds
//! words: Computers count milliseconds.
//! check: b_it_has_its_time
//! says: Which unit

use redis::aio::ConnectionManager;
use redis::{AsyncCommands, RedisResult};

/// Keeps `value` under `key`. After `seconds` it is gone.
pub async fn keep(
    mut redis: ConnectionManager,
    key: &str,
    value: &str,
    seconds: u64,
) -> RedisResult<()> {
    redis.pset_ex(key, value, seconds.max(1)).await
}
