//! belief: get-then-del-is-atomic
//! words: GET and then DEL is one step.
//! check: a_one_of_all
//! says: 2 of 2 won the same coat

use redis::aio::ConnectionManager;
use redis::{AsyncCommands, RedisResult};

/// Hands out the coat that hangs under `key`: its value, or `None` if nothing hangs there.
pub async fn take(mut redis: ConnectionManager, key: &str) -> RedisResult<Option<String>> {
    let value: Option<String> = redis.get(key).await?;
    if value.is_some() {
        let _: () = redis.del(key).await?;
    }
    Ok(value)
}
