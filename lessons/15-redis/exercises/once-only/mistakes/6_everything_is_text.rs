//! belief: everything-is-text
//! words: Everything is text, more or less.
//! check: c_any_value
//! says: nobody has brought

use redis::aio::ConnectionManager;
use redis::{AsyncCommands, RedisResult};

/// Hands out the coat that hangs under `key`: its value, or `None` if nothing hangs there.
pub async fn take(mut redis: ConnectionManager, key: &str) -> RedisResult<Option<String>> {
    let value: Option<Vec<u8>> = redis.get_del(key).await?;
    Ok(value.map(|value| String::from_utf8_lossy(&value).into_owned()))
}
