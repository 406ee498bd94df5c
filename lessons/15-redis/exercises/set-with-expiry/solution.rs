//! SET with the option EX stores the value and its expiry in one command, so a crash comes before both or after both. A transaction
//! of SET and EXPIRE does the same with four commands. An error is returned as it is: the caller decides what the
//! user is told.

use redis::aio::ConnectionManager;
use redis::{AsyncCommands, RedisResult, SetExpiry, SetOptions};

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
    let options = SetOptions::default().with_expiration(SetExpiry::EX(seconds));
    redis.set_options(key, value, options).await
}
