//! belief: i-clear-up-myself
//! words: My program clears up what it has left.
//! check: a_it_dies_in_the_middle
//! says: A crash after SET

use redis::aio::ConnectionManager;
use redis::{AsyncCommands, RedisResult};

/// Keeps `value` under `key`. After `seconds` it is gone.
pub async fn keep(
    mut redis: ConnectionManager,
    key: &str,
    value: &str,
    seconds: u64,
) -> RedisResult<()> {
    let _: () = redis.set(key, value).await?;
    let key = key.to_string();
    tokio::spawn(async move {
        tokio::time::sleep(std::time::Duration::from_secs(seconds)).await;
        let _: RedisResult<()> = redis.del(key).await;
    });
    Ok(())
}
