//! What is given in this exercise: the answer uses it and does not change it.

use redis::{RedisError, RedisResult};

/// The largest number of tries for one visit.
pub const TRIES: usize = 5;

/// The same visit is reported again within this many seconds, and not later.
pub const AN_HOUR: u64 = 3600;

/// Whether there was no reply, so that the command may have run or not. With any other error Redis has answered.
pub fn no_reply(outcome: &RedisResult<u64>) -> bool {
    outcome.as_ref().is_err_and(RedisError::is_io_error)
}
