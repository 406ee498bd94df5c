use redis::aio::ConnectionManager;
use redis::{AsyncCommands, RedisResult};

/// Redeems a one-time token: returns the value under `key` and removes it, or `None` if no value is there. The key of a
/// password-reset link has the user as its value, for example.
///
/// * A value is returned once at most. Callers in several programs may redeem the same token at the same time; all of them
///   share one Redis.
/// * As soon as the value is removed, another program may store a new value under the same key. That one stays.
/// * Without a reply it is not known whether a command has run. Then the result is the error: it is not `None`, and the command is
///   not sent again.
/// * A value that is not UTF-8 is an error. An empty value is a value.
/// * The Redis of the check is the readable one of this lesson. It runs no Lua scripts: there is no EVAL.
pub async fn take(mut redis: ConnectionManager, key: &str) -> RedisResult<Option<String>> {
    redis.get(key).await
}
