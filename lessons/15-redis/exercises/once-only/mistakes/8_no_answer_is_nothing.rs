//! belief: no-answer-is-nothing
//! words: No answer means that nothing is there.
//! check: e_no_reply_is_no_answer
//! says: Hand the error on

use redis::aio::ConnectionManager;
use redis::{AsyncCommands, RedisResult};

/// Hands out the coat that hangs under `key`: its value, or `None` if nothing hangs there.
pub async fn take(mut redis: ConnectionManager, key: &str) -> RedisResult<Option<String>> {
    match redis.get_del(key).await {
        Err(error) if redis::RedisError::is_io_error(&error) => Ok(None),
        outcome => outcome,
    }
}
