//! The greeting call of this lesson: a greeter that counts how often it has greeted a name. The count is in Redis, so
//! it survives the greeter, and all greeters share it.

use redis::aio::ConnectionManager;
use redis::{AsyncCommands, RedisResult};

/// The counter of all names.
const ALL: &str = "greeted";

fn key(name: &str) -> String {
    format!("greeted:{name}")
}

/// Greets, and counts it.
///
/// # Errors
/// If Redis does not answer. It may have counted all the same.
// ANCHOR: greet
pub async fn greet(redis: &mut ConnectionManager, name: &str) -> RedisResult<String> {
    let times: u64 = redis.incr(key(name), 1).await?;
    Ok(format!("{name} hello world, {times}"))
}
// ANCHOR_END: greet

/// Returns how often this name was greeted; `None` if never.
///
/// # Errors
/// If Redis does not answer, or the value is no number.
// ANCHOR: times
pub async fn times(redis: &mut ConnectionManager, name: &str) -> RedisResult<Option<u64>> {
    redis.get(key(name)).await
}
// ANCHOR_END: times

/// Returns how often each of these names was greeted: all commands in one write, and then all
/// replies.
///
/// # Errors
/// As [`times`].
// ANCHOR: pipeline
pub async fn times_of(redis: &mut ConnectionManager, names: &[&str]) -> RedisResult<Vec<u64>> {
    let mut pipeline = redis::pipe();
    for name in names {
        pipeline.get(key(name));
    }
    let times: Vec<Option<u64>> = pipeline.query_async(redis).await?;
    Ok(times.into_iter().map(Option::unwrap_or_default).collect())
}
// ANCHOR_END: pipeline

/// Counts a greeting for its name and for all names. Other clients see both or neither.
///
/// # Errors
/// As [`greet`].
// ANCHOR: both
pub async fn greet_and_sum(redis: &mut ConnectionManager, name: &str) -> RedisResult<(u64, u64)> {
    redis::pipe()
        .atomic()
        .incr(key(name), 1)
        .incr(ALL, 1)
        .query_async(redis)
        .await
}
// ANCHOR_END: both
