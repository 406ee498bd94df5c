//! Times to live, and the commands about them. A client gives one in seconds or milliseconds from now; the server keeps
//! the first millisecond since 1970 in which the key is gone.

use crate::resp::Value;
use crate::server::command::Call;
use crate::server::refused::{Answer, Refused};

/// A time to live as it was said, not read yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ttl {
    /// As it was.
    Keep,
    /// A number.
    Number {
        /// How many milliseconds it counts.
        unit: i64,
        /// The word that is the number.
        at: usize,
    },
}

impl Ttl {
    /// Reads the option of SET that is word `at` into `ttl`. How many words more it has; refused, if it is no
    /// option, or if another one was there before.
    pub(super) fn option(
        ttl: &mut Option<Ttl>,
        call: &Call<'_>,
        at: usize,
    ) -> Result<usize, Refused> {
        let unit = match call.word(at).to_ascii_uppercase().as_slice() {
            b"EX" => Some(1000),
            b"PX" => Some(1),
            b"KEEPTTL" => None,
            _ => return Err(Refused::syntax()),
        };
        // The same one twice is allowed, and the last one counts; so it is in Redis.
        let alone = ttl.is_none_or(|before| before.unit() == unit);
        let more = usize::from(unit.is_some());
        if !alone || at + more >= call.words.len() {
            return Err(Refused::syntax());
        }
        *ttl = Some(unit.map_or(Ttl::Keep, |unit| Ttl::Number { unit, at: at + 1 }));
        Ok(more)
    }

    fn unit(self) -> Option<i64> {
        match self {
            Ttl::Keep => None,
            Ttl::Number { unit, .. } => Some(unit),
        }
    }
}

/// Reads the number of a time to live; refused, if it is not above 0 or beyond the end of time.
pub(super) fn deadline(call: &Call<'_>, ttl: Ttl) -> Result<Option<i64>, Refused> {
    let Ttl::Number { unit, at } = ttl else {
        return Ok(None);
    };
    let number = Some(call.number(at)?).filter(|number| *number > 0);
    let deadline = number
        .and_then(|number| number.checked_mul(unit))
        .and_then(|ms| ms.checked_add(call.now()));
    match deadline {
        None => Err(Refused::expire_time(call.name)),
        some => Ok(some),
    }
}

/// EXPIRE and PEXPIRE, without their conditions: those belong to Redis 7 and to no lesson.
pub(super) fn expire(call: &mut Call<'_>) -> Answer {
    if let Some(word) = call.from(3).first() {
        return Err(Refused::quoting("ERR Unsupported option ", word, ""));
    }
    let unit = if call.name == "expire" { 1000 } else { 1 };
    let when = call.number(2)?.checked_mul(unit);
    let when = when.and_then(|when| when.checked_add(call.now()));
    let when = when.ok_or_else(|| Refused::expire_time(call.name))?;
    let (key, now) = (call.take(1), call.now());
    let space = call.space();
    if space.get(&key).is_none() {
        return Ok(Value::Integer(0));
    }
    if when <= now {
        space.remove(&key);
    } else {
        space.set_deadline(&key, Some(when));
    }
    Ok(Value::Integer(1))
}

pub(super) fn ttl(call: &mut Call<'_>) -> Answer {
    let key = call.take(1);
    let now = call.now();
    let Some(entry) = call.space().get(&key) else {
        return Ok(Value::Integer(-2));
    };
    let Some(deadline) = entry.deadline else {
        return Ok(Value::Integer(-1));
    };
    let left = deadline - now;
    Ok(Value::Integer(match call.name {
        "ttl" => seconds(left),
        _ => left,
    }))
}

/// The nearest second, as in Redis: a fresh `EX 10` has 10 and not 9.
fn seconds(ms: i64) -> i64 {
    ms / 1000 + i64::from(ms % 1000 >= 500)
}
