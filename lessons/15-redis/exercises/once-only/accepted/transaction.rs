//! Accepted: a transaction of GET and DEL.

use redis::RedisResult;
use redis::aio::ConnectionManager;

pub async fn take(mut redis: ConnectionManager, key: &str) -> RedisResult<Option<String>> {
    let mut both = redis::pipe();
    both.atomic().get(key).del(key).ignore();
    let (value,) = both.query_async(&mut redis).await?;
    Ok(value)
}
