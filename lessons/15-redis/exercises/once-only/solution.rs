//! GETDEL reads and removes in one command. Redis runs the commands of all callers one after the other, so the first caller gets
//! the value, and the others get none. A lost reply is returned as the error that it is: perhaps the value is removed and no
//! caller has it. A second GETDEL would then return "no value", which is wrong. So a value is returned once at most, and
//! sometimes not at all; for a token that opens something this is the safe side.

use redis::aio::ConnectionManager;
use redis::{AsyncCommands, RedisResult};

/// Redeems a one-time token: returns the value under `key` and removes it, or `None` if no value is there. The key of a
/// password-reset link has the user as its value, for example.
///
/// * A value is returned once at most. Callers in several programs may redeem the same token at the same time; all of them
///   share one Redis.
/// * As soon as the value is removed, another program may store a new value under the same key. That one stays.
/// * Without a reply it is not known whether a command has run. Then the result is the error: it is not `None`, and the command is
///   not sent again.
/// * A value that is not UTF-8 is an error. An empty value is a value.
/// * The Redis of the check is the readable one of this lesson. It runs no Lua scripts: there is no EVAL.
pub async fn take(mut redis: ConnectionManager, key: &str) -> RedisResult<Option<String>> {
    redis.get_del(key).await
}
