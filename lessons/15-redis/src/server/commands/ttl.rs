//! Times to live: how they are said, and the commands about them.
//!
//! A time to live is said in seconds or milliseconds, from now or from 1970. It is kept as one thing: the
//! first millisecond since 1970 in which the key is gone.

use super::{ONE, line};
use crate::resp::Value;
use crate::server::command::{Call, Command};
use crate::server::refused::{Answer, Refused};

const WRITES: &str = "write fast";
const READS: &str = "readonly fast";

pub(super) const TABLE: &[Command] = &[
    line(
        "expire",
        -3,
        WRITES,
        ONE,
        "Sets the time to live in seconds",
        expire,
    ),
    line(
        "pexpire",
        -3,
        WRITES,
        ONE,
        "Sets the time to live in ms",
        expire,
    ),
    line(
        "expireat",
        -3,
        WRITES,
        ONE,
        "Sets the second in which it ends",
        expire,
    ),
    line(
        "pexpireat",
        -3,
        WRITES,
        ONE,
        "Sets the ms in which it ends",
        expire,
    ),
    line(
        "ttl",
        2,
        READS,
        ONE,
        "The time that is left, in seconds",
        ttl,
    ),
    line("pttl", 2, READS, ONE, "The time that is left, in ms", ttl),
    line(
        "expiretime",
        2,
        READS,
        ONE,
        "The second in which it ends",
        ttl,
    ),
    line("pexpiretime", 2, READS, ONE, "The ms in which it ends", ttl),
    line(
        "persist",
        2,
        WRITES,
        ONE,
        "Takes the time to live away",
        persist,
    ),
];

/// A time to live as it was said, not read yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ttl {
    /// As it was.
    Keep,
    /// None.
    Persist,
    /// A number.
    Number {
        /// How many milliseconds it counts.
        unit: i64,
        /// From now, and not from 1970.
        from_now: bool,
        /// The word that is the number.
        at: usize,
    },
}

impl Ttl {
    pub(super) fn seconds(at: usize) -> Ttl {
        Ttl::number(1000, true, at)
    }

    pub(super) fn milliseconds(at: usize) -> Ttl {
        Ttl::number(1, true, at)
    }

    fn number(unit: i64, from_now: bool, at: usize) -> Ttl {
        Ttl::Number { unit, from_now, at }
    }

    /// Reads the option that is word `at` into `ttl`: one of the four with a number, or one of `also`.
    /// How many words more it has.
    ///
    /// # Errors
    /// If it is none of them, or if another one was there before.
    pub(super) fn option(
        ttl: &mut Option<Ttl>,
        call: &Call<'_>,
        at: usize,
        also: &[Ttl],
    ) -> Result<usize, Refused> {
        let option = match call.word(at).to_ascii_uppercase().as_slice() {
            b"EX" => Ttl::number(1000, true, at + 1),
            b"PX" => Ttl::number(1, true, at + 1),
            b"EXAT" => Ttl::number(1000, false, at + 1),
            b"PXAT" => Ttl::number(1, false, at + 1),
            b"KEEPTTL" => Ttl::Keep,
            b"PERSIST" => Ttl::Persist,
            _ => return Err(Refused::syntax()),
        };
        let more = usize::from(matches!(option, Ttl::Number { .. }));
        let known = more == 1 || also.contains(&option);
        // The same one twice is allowed, and the last one counts; so it is in Redis.
        let alone = ttl.is_none_or(|before| before.same_kind(option));
        if !known || !alone || at + more >= call.words.len() {
            return Err(Refused::syntax());
        }
        *ttl = Some(option);
        Ok(more)
    }

    fn same_kind(self, other: Ttl) -> bool {
        let kind = |ttl| match ttl {
            Ttl::Number { unit, from_now, .. } => Ttl::number(unit, from_now, 0),
            other => other,
        };
        kind(self) == kind(other)
    }
}

/// Reads the number of a time to live.
///
/// # Errors
/// If it is no number, not above 0, or beyond the end of time.
pub(super) fn deadline(call: &Call<'_>, ttl: Ttl) -> Result<Option<i64>, Refused> {
    let Ttl::Number { unit, from_now, at } = ttl else {
        return Ok(None);
    };
    let number = Some(call.number(at)?).filter(|number| *number > 0);
    let base = if from_now { call.now() } else { 0 };
    let deadline = number
        .and_then(|number| number.checked_mul(unit))
        .and_then(|ms| ms.checked_add(base));
    match deadline {
        None => Err(Refused::expire_time(call.name)),
        some => Ok(some),
    }
}

fn expire(call: &mut Call<'_>) -> Answer {
    let (mut nx, mut xx, mut gt, mut lt) = (false, false, false, false);
    for word in call.from(3) {
        match word.to_ascii_uppercase().as_slice() {
            b"NX" => nx = true,
            b"XX" => xx = true,
            b"GT" => gt = true,
            b"LT" => lt = true,
            _ => return Err(Refused::quoting("ERR Unsupported option ", word, "")),
        }
    }
    if nx && (xx || gt || lt) {
        return Err(Refused::new(
            "ERR NX and XX, GT or LT options at the same time are not compatible",
        ));
    }
    if gt && lt {
        return Err(Refused::new(
            "ERR GT and LT options at the same time are not compatible",
        ));
    }
    let (unit, base) = match call.name {
        "expire" => (1000, call.now()),
        "pexpire" => (1, call.now()),
        "expireat" => (1000, 0),
        _ => (1, 0),
    };
    let when = call.number(2)?.checked_mul(unit);
    let when = when.and_then(|when| when.checked_add(base));
    let when = when.ok_or_else(|| Refused::expire_time(call.name))?;
    let (key, now) = (call.take(1), call.now());
    let space = call.space();
    let Some(entry) = space.get(&key) else {
        return Ok(Value::Integer(0));
    };
    let wanted = match entry.deadline {
        None => !xx && !gt,
        Some(old) => !nx && (!gt || when > old) && (!lt || when < old),
    };
    if !wanted {
        return Ok(Value::Integer(0));
    }
    if when <= now {
        space.remove(&key);
    } else {
        space.set_deadline(&key, Some(when));
    }
    Ok(Value::Integer(1))
}

fn ttl(call: &mut Call<'_>) -> Answer {
    let key = call.take(1);
    let now = call.now();
    let Some(entry) = call.space().get(&key) else {
        return Ok(Value::Integer(-2));
    };
    let Some(deadline) = entry.deadline else {
        return Ok(Value::Integer(-1));
    };
    Ok(Value::Integer(match call.name {
        "ttl" => seconds(deadline - now),
        "pttl" => deadline - now,
        "expiretime" => seconds(deadline),
        _ => deadline,
    }))
}

/// The nearest second, as in Redis: a fresh `EX 10` has 10 and not 9.
fn seconds(ms: i64) -> i64 {
    ms / 1000 + i64::from(ms % 1000 >= 500)
}

fn persist(call: &mut Call<'_>) -> Answer {
    let key = call.take(1);
    let space = call.space();
    let ends = space
        .get(&key)
        .is_some_and(|entry| entry.deadline.is_some());
    if ends {
        space.set_deadline(&key, None);
    }
    Ok(Value::Integer(i64::from(ends)))
}
