//! belief: my-lock-is-enough
//! words: A lock in my program is enough.
//! check: b_the_next_coat_stays
//! says: stops no other program

use redis::aio::ConnectionManager;
use redis::{AsyncCommands, RedisResult};
use tokio::sync::Mutex;

/// Hands out the coat that hangs under `key`: its value, or `None` if nothing hangs there.
pub async fn take(mut redis: ConnectionManager, key: &str) -> RedisResult<Option<String>> {
    static LOCK: Mutex<()> = Mutex::const_new(());
    let _locked = LOCK.lock().await;
    let value: Option<String> = redis.get(key).await?;
    let _: () = redis.del(key).await?;
    Ok(value)
}
