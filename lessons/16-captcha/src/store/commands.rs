//! Two commands for Redis that must be one step each. The exercises `set-with-expiry` and `once-only` of lesson 15 write
//! the same two functions.

use redis::aio::ConnectionManager;
use redis::{AsyncCommands, RedisResult, SetExpiry, SetOptions};

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
    let options = SetOptions::default().with_expiration(SetExpiry::EX(seconds));
    redis.set_options(key, value, options).await
}

/// Removes the value under `key` and returns it, in one command: of many callers one at most gets it.
///
/// # Errors
/// What Redis or the connection says. The value may have been removed.
pub async fn take(mut redis: ConnectionManager, key: &str) -> RedisResult<Option<String>> {
    redis.get_del(key).await
}
