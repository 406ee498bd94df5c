//! belief: empty-is-nothing
//! words: An empty value is no value.
//! check: c_any_value
//! says: Only `None` means

use redis::aio::ConnectionManager;
use redis::{AsyncCommands, RedisResult};

/// Hands out the coat that hangs under `key`: its value, or `None` if nothing hangs there.
pub async fn take(mut redis: ConnectionManager, key: &str) -> RedisResult<Option<String>> {
    let value: Option<String> = redis.get_del(key).await?;
    Ok(value.filter(|value| !value.is_empty()))
}
