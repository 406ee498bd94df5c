//! Accepted: the mark and its expiry are two commands of the transaction, before the count.

use redis::aio::ConnectionManager;
use redis::{AsyncCommands, RedisResult};

// Given in given.rs, beside this file: `TRIES`, `AN_HOUR`, `no_reply`.
pub use super::given::*;

pub async fn count(mut redis: ConnectionManager, counter: &str, visit: &str) -> RedisResult<u64> {
    let mut outcome = once(&mut redis, counter, visit).await;
    for _ in 1..TRIES {
        if !no_reply(&outcome) {
            break;
        }
        outcome = once(&mut redis, counter, visit).await;
    }
    outcome
}

async fn once(redis: &mut ConnectionManager, counter: &str, visit: &str) -> RedisResult<u64> {
    let mark = format!("seen:{counter}:{visit}");
    if redis.exists(&mark).await? {
        return redis.get(counter).await;
    }
    let mut all = redis::pipe();
    all.atomic().set(&mark, visit).ignore();
    all.cmd("EXPIRE").arg(&mark).arg(AN_HOUR).ignore();
    all.incr(counter, 1);
    let (count,) = all.query_async(redis).await?;
    Ok(count)
}
