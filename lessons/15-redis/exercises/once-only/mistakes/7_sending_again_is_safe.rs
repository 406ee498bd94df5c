//! belief: sending-again-is-safe
//! words: Sending again is safe.
//! check: e_no_reply_is_no_answer
//! says: you say that there was none

use redis::aio::ConnectionManager;
use redis::{AsyncCommands, RedisResult};

/// Hands out the coat that hangs under `key`: its value, or `None` if nothing hangs there.
pub async fn take(mut redis: ConnectionManager, key: &str) -> RedisResult<Option<String>> {
    match redis.get_del(key).await {
        Err(error) if redis::RedisError::is_io_error(&error) => redis.get_del(key).await,
        outcome => outcome,
    }
}
