//! Values that are numbers. They are kept as texts, as in Redis, so GET shows what INCR has made.

use bytes::Bytes;

use super::{ONE, line};
use crate::resp::{Value, integer};
use crate::server::command::{Call, Command};
use crate::server::refused::{Answer, Refused};

const WRITES: &str = "write denyoom fast";

pub(super) const TABLE: &[Command] = &[
    line("incr", 2, WRITES, ONE, "Adds one to a number", incr).group("string"),
    line("incrby", 3, WRITES, ONE, "Adds to a number", incr_by).group("string"),
    line("decr", 2, WRITES, ONE, "Takes one from a number", decr).group("string"),
    line("decrby", 3, WRITES, ONE, "Takes from a number", decr_by).group("string"),
];

fn incr(call: &mut Call<'_>) -> Answer {
    add(call, 1)
}

fn decr(call: &mut Call<'_>) -> Answer {
    add(call, -1)
}

fn incr_by(call: &mut Call<'_>) -> Answer {
    let by = call.number(2)?;
    add(call, by)
}

fn decr_by(call: &mut Call<'_>) -> Answer {
    let by = call.number(2)?.checked_neg();
    let by = by.ok_or_else(|| Refused::new("ERR decrement would overflow"))?;
    add(call, by)
}

/// Reads, adds and writes in one hold of the lock: no two clients get the same number. The time to live
/// stays: a window that counts must not begin again with every count.
fn add(call: &mut Call<'_>, by: i64) -> Answer {
    let key = call.take(1);
    let space = call.space();
    let (before, deadline) = match space.get(&key) {
        None => (0, None),
        Some(entry) => {
            let number = integer(&entry.value).ok_or_else(Refused::no_integer)?;
            (number, entry.deadline)
        }
    };
    let sum = before
        .checked_add(by)
        .ok_or_else(|| Refused::new("ERR increment or decrement would overflow"))?;
    space.set(Bytes::from(key), Bytes::from(sum.to_string()), deadline);
    Ok(Value::Integer(sum))
}
