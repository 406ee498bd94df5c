//! belief: errors-are-noise
//! words: It will have worked.
//! check: a_it_dies_in_the_middle
//! says: Nothing has reached Redis

use redis::aio::ConnectionManager;
use redis::{AsyncCommands, RedisResult};

/// Keeps `value` under `key`. After `seconds` it is gone.
pub async fn keep(
    mut redis: ConnectionManager,
    key: &str,
    value: &str,
    seconds: u64,
) -> RedisResult<()> {
    let _: RedisResult<()> = redis.set_ex(key, value, seconds).await;
    Ok(())
}
