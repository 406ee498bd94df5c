use redis::aio::ConnectionManager;
use redis::{AsyncCommands, RedisResult};

/// Stores `value` under `key`. It expires after `seconds`.
///
/// The value is a login code that was sent to a user. This program may crash at any moment: before, between or after its
/// commands. Whatever happens, no code stays in Redis without an expiry.
///
/// * A value that was there before is replaced, its expiry as well.
/// * If it is not certain that Redis has stored the value, the result is an error. So is a number of seconds that Redis refuses.
/// * The Redis of the check is the readable one of this lesson. For an expiry it knows the options EX, PX and KEEPTTL, and it runs
///   no Lua scripts: there is no EVAL.
pub async fn keep(
    mut redis: ConnectionManager,
    key: &str,
    value: &str,
    seconds: u64,
) -> RedisResult<()> {
    let _ = seconds;
    redis.set(key, value).await
}
