use redis::aio::ConnectionManager;
use redis::{AsyncCommands, RedisResult};

// Given in given.rs, beside this file: `TRIES`, `AN_HOUR`, `no_reply`.
pub use super::given::*;

/// Counts one visit of a page: increments `counter`, and returns its new value.
///
/// `visit` is the id of this visit, and no other visit has it. The connection may break at any moment; the next command
/// then gets a new connection. However often it breaks, a visit is counted once.
///
/// * The same visit may be reported again within an hour. It is not counted again; the result is the present value of the
///   counter. Two reports of one visit never run at the same time.
/// * The same visit may be reported to several counters. Each of them counts it.
/// * Try again only if there was no reply, and at most `TRIES` times in all. Then the last error is the result.
/// * Apart from `counter`, no key stays in Redis without an expiry.
/// * The Redis of the check is the readable one of this lesson. It runs no Lua scripts: there is no EVAL.
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

/// One try.
async fn once(redis: &mut ConnectionManager, counter: &str, visit: &str) -> RedisResult<u64> {
    let _ = (visit, AN_HOUR);
    redis.incr(counter, 1).await
}
