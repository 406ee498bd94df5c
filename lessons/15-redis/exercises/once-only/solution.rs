//! One command reads and removes, so nobody can come in between: of all who ask, Redis answers one after the other, and the
//! first one gets it. `MULTI`, `GET`, `DEL`, `EXEC` would do as well. A lock of our own would not: it knows nothing of the
//! other counters. A lost reply is handed on as the error that it is. It may be that the coat is gone and nobody has
//! it; whoever asked again would hear "nothing there", and that would be a lie. Once at most, and sometimes not at
//! all: for a code that opens something this is the right side to err on.

use redis::aio::ConnectionManager;
use redis::{AsyncCommands, RedisResult};

/// Hands out the coat that hangs under `key`, which is the number of a ticket: its value, or `None` if
/// nothing hangs there.
///
/// Each coat is handed out once. Several people with a copy of the same ticket may stand at several counters,
/// and each counter is a program of its own; all of them share one Redis.
///
/// A new coat may hang under the same number as soon as the old one is gone. It is somebody else's.
pub async fn take(mut redis: ConnectionManager, key: &str) -> RedisResult<Option<String>> {
    redis.get_del(key).await
}
