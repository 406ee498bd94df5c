//! Two commands for Redis that must be one step each. The exercises `setex` and `once-only` of lesson 15 write
//! the same two functions.

use redis::aio::ConnectionManager;
use redis::{AsyncCommands, RedisResult};

/// Keeps `value` under `key` for `seconds`, in one command: no moment exists in which the value has no end.
///
/// # Errors
/// What Redis or the connection says. The value may have been kept.
pub async fn keep(
    mut redis: ConnectionManager,
    key: &str,
    value: &str,
    seconds: u64,
) -> RedisResult<()> {
    redis.set_ex(key, value, seconds).await
}

/// Removes the value under `key` and returns it, in one command: of many callers one at most gets it.
///
/// # Errors
/// What Redis or the connection says. The value may have been removed.
pub async fn take(mut redis: ConnectionManager, key: &str) -> RedisResult<Option<String>> {
    redis.get_del(key).await
}
