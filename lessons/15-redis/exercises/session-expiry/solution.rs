//! SET with the option EX stores the value and its expiry in one command. GETEX reads the value and sets a new expiry, and
//! it does nothing for a missing key. So a session that another program deletes between two commands cannot come
//! back: there is only one command. GET and then EXPIRE is right as well, because EXPIRE of a missing key does
//! nothing either.

use redis::aio::ConnectionManager;
use redis::{AsyncCommands, Expiry, RedisResult, SetExpiry, SetOptions};

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
    let options = SetOptions::default().with_expiration(SetExpiry::EX(idle));
    redis.set_options(key(token), user, options).await
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
    redis.get_ex(key(token), Expiry::EX(idle)).await
}
