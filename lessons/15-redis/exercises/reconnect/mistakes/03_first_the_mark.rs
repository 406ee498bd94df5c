//! belief: the-mark-comes-first
//! words: Mark it first, and then count it.
//! check: a_the_reply_is_lost
//! says: The visit is lost

use redis::aio::ConnectionManager;
use redis::{AsyncCommands, RedisResult};

/// So often at most it is tried to have one visit counted.
pub const TRIES: usize = 5;

/// A visit is not reported again after so many seconds.
pub const AN_HOUR: u64 = 3600;

/// A turnstile reports a visit, and `counter` goes up by one. Returns what the counter shows then.
///
/// `visit` is the name of this one passage, and nobody else's. The line to Redis breaks now and then, and then a new one
/// is made; however often that happens, a visit counts once. A turnstile that is not sure reports the
/// same visit again, and that is still one; but never two reports of it at the same time. The same visit may be
/// reported to several counters.
///
/// * After `TRIES` tries without an answer it is given up, with the last error.
/// * If Redis answers that it cannot be done, it is not tried again.
/// * Apart from `counter`, nothing of this may stay in Redis for ever.
pub async fn count(mut redis: ConnectionManager, counter: &str, visit: &str) -> RedisResult<u64> {
    let mark = format!("seen:{counter}:{visit}");
    let mut outcome = once(&mut redis, counter, &mark).await;
    for _ in 1..TRIES {
        if !outcome.as_ref().is_err_and(redis::RedisError::is_io_error) {
            break;
        }
        outcome = once(&mut redis, counter, &mark).await;
    }
    outcome
}

/// One try.
async fn once(redis: &mut ConnectionManager, counter: &str, mark: &str) -> RedisResult<u64> {
    let options = redis::SetOptions::default()
        .conditional_set(redis::ExistenceCheck::NX)
        .with_expiration(redis::SetExpiry::EX(AN_HOUR));
    let new: Option<String> = redis.set_options(mark, 1, options).await?;
    if new.is_none() {
        let count: Option<u64> = redis.get(counter).await?;
        return Ok(count.unwrap_or_default());
    }
    redis.incr(counter, 1).await
}
