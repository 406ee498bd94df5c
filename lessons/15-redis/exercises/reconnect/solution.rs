//! A transaction increments the counter and writes a mark of the visit. If Redis runs it, it runs both commands; so after a lost
//! reply the mark tells whether the visit was counted. Two separate commands leave a gap in which the connection can break. With
//! the mark first, the visit is lost; with the count first, it is counted twice. The mark expires by itself. It is
//! looked up before the first try as well, because an earlier report may have been counted. Two reports at the same time could
//! both find no mark: the task excludes them. A script in Redis would close that gap.

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
    let mark = format!("seen:{counter}:{visit}");
    if redis.exists(&mark).await? {
        return redis.get(counter).await;
    }
    let mut both = redis::pipe();
    both.atomic().incr(counter, 1);
    both.cmd("SET")
        .arg(&mark)
        .arg(1)
        .arg("EX")
        .arg(AN_HOUR)
        .ignore();
    let (count,) = both.query_async(redis).await?;
    Ok(count)
}
