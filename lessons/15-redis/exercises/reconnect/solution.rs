//! The count and a mark of the visit are written in one transaction: Redis has both, or neither. So after a lost reply the mark
//! says what nobody else can say, whether it has run; and only if it has not, it is sent again. Two commands, a mark and then a
//! count, would leave a gap in which the line can break: the mark first, and a visit is lost; the count first, and it counts
//! twice. The mark dies by itself, in the same command that makes it. It is looked for before the first try as well, because an
//! earlier report of this visit may have got through. Between looking and counting another report of the same visit could
//! come in: the task rules that out. Where it can happen, a script in Redis does both in one step.

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
    if redis.exists(mark).await? {
        return redis.get(counter).await;
    }
    let (count,) = redis::pipe()
        .atomic()
        .incr(counter, 1)
        .set_ex(mark, 1, AN_HOUR)
        .ignore()
        .query_async(redis)
        .await?;
    Ok(count)
}
