//! belief: looking-is-taking
//! words: What I have read is mine.
//! check: a_one_of_all
//! says: won the same coat

use redis::aio::ConnectionManager;
use redis::{AsyncCommands, RedisResult};

/// Hands out the coat that hangs under `key`: its value, or `None` if nothing hangs there.
pub async fn take(mut redis: ConnectionManager, key: &str) -> RedisResult<Option<String>> {
    redis.get(key).await
}
