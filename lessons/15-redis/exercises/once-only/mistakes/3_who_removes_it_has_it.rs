//! belief: who-removes-it-has-it
//! words: Whoever removes it has what he has read.
//! check: b_the_next_coat_stays
//! says: you removed that one

use redis::aio::ConnectionManager;
use redis::{AsyncCommands, RedisResult};

/// Hands out the coat that hangs under `key`: its value, or `None` if nothing hangs there.
pub async fn take(mut redis: ConnectionManager, key: &str) -> RedisResult<Option<String>> {
    let value: Option<String> = redis.get(key).await?;
    let removed: u64 = redis.del(key).await?;
    Ok(value.filter(|_| removed == 1))
}
