use redis::aio::ConnectionManager;
use redis::{AsyncCommands, RedisResult};

/// Hands out the coat that hangs under `key`, which is the number of a ticket: its value, or `None` if
/// nothing hangs there.
///
/// Each coat is handed out once. Several people with a copy of the same ticket may stand at several counters,
/// and each counter is a program of its own; all of them share one Redis.
///
/// A new coat may hang under the same number as soon as the old one is gone. It is somebody else's.
///
/// The server of the check is the readable one of this lesson. It runs no Lua scripts: there is no `EVAL`.
pub async fn take(mut redis: ConnectionManager, key: &str) -> RedisResult<Option<String>> {
    redis.get(key).await
}
