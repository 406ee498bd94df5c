//! Values: SET and GET, and their relatives.

use bytes::Bytes;

use super::{ALL, ONE, line};
use crate::resp::Value;
use crate::server::command::{Call, Command};
use crate::server::commands::ttl::{Ttl, deadline};
use crate::server::refused::{Answer, Refused};

const WRITES: &str = "write denyoom";
const WRITES_FAST: &str = "write denyoom fast";
const READS: &str = "readonly fast";

pub(super) const TABLE: &[Command] = &[
    line("get", 2, READS, ONE, "The value of a key", get).group("string"),
    line(
        "set",
        -3,
        WRITES,
        ONE,
        "Writes a value, with conditions and a time to live",
        set,
    )
    .group("string"),
    line(
        "setex",
        4,
        WRITES,
        ONE,
        "Writes a value and its time to live in seconds",
        setex,
    )
    .group("string"),
    line(
        "psetex",
        4,
        WRITES,
        ONE,
        "Writes a value and its time to live in ms",
        setex,
    )
    .group("string"),
    line(
        "setnx",
        3,
        WRITES_FAST,
        ONE,
        "Writes a value if there is none",
        setnx,
    )
    .group("string"),
    line(
        "getset",
        3,
        WRITES_FAST,
        ONE,
        "Writes a value; the one before",
        getset,
    )
    .group("string"),
    line(
        "getdel",
        2,
        "write fast",
        ONE,
        "The value, and takes the key away",
        getdel,
    )
    .group("string"),
    line(
        "getex",
        -2,
        "write fast",
        ONE,
        "The value, and another time to live",
        getex,
    )
    .group("string"),
    line("mget", -2, READS, ALL, "The values of many keys", mget).group("string"),
    line("mset", -3, WRITES, (1, -1, 2), "Writes many values", mset).group("string"),
    line(
        "msetnx",
        -3,
        WRITES,
        (1, -1, 2),
        "Writes many values if none is there",
        msetnx,
    )
    .group("string"),
    line("strlen", 2, READS, ONE, "Bytes of a value", strlen).group("string"),
    line(
        "append",
        3,
        WRITES_FAST,
        ONE,
        "Writes behind a value",
        append,
    )
    .group("string"),
];

/// The value at the key that is word `at`, counted as a hit or a miss.
fn read(call: &mut Call<'_>, at: usize) -> Value {
    let key = call.take(at);
    let value = match call.space().get(&key) {
        Some(entry) => Value::Bulk(entry.value.clone()),
        None => Value::Null,
    };
    match value {
        Value::Null => call.state.misses += 1,
        _ => call.state.hits += 1,
    }
    if let Some(word) = call.words.get_mut(at) {
        *word = key;
    }
    value
}

/// Writes word `value` at the key that is word 1.
fn write(call: &mut Call<'_>, value: usize, deadline: Option<i64>) {
    let (key, value) = (call.take(1), call.take(value));
    call.space()
        .set(Bytes::from(key), Bytes::from(value), deadline);
}

fn get(call: &mut Call<'_>) -> Answer {
    Ok(read(call, 1))
}

/// SET with all its options is one step: whether the key is there is asked, and the value and its end are
/// written, in one hold of the lock.
fn set(call: &mut Call<'_>) -> Answer {
    let (mut absent, mut present, mut get, mut ttl) = (false, false, false, None);
    let mut at = 3;
    while at < call.words.len() {
        let word = call.word(at).to_ascii_uppercase();
        match word.as_slice() {
            b"NX" if !present => absent = true,
            b"XX" if !absent => present = true,
            b"GET" => get = true,
            _ => at += Ttl::option(&mut ttl, call, at, &[Ttl::Keep])?,
        }
        at += 1;
    }
    let mut until = match ttl {
        Some(ttl) => deadline(call, ttl)?,
        None => None,
    };
    let before = match get {
        true => read(call, 1),
        false => Value::Null,
    };
    let key = call.take(1);
    let old = call.space().get(&key).map(|entry| entry.deadline);
    if ttl == Some(Ttl::Keep) {
        until = old.flatten();
    }
    if old.is_some() && absent || old.is_none() && present {
        return Ok(before);
    }
    let value = call.take(2);
    call.space()
        .set(Bytes::from(key), Bytes::from(value), until);
    Ok(if get { before } else { Value::simple("OK") })
}

fn setex(call: &mut Call<'_>) -> Answer {
    let ttl = if call.name == "setex" {
        Ttl::seconds(2)
    } else {
        Ttl::milliseconds(2)
    };
    let until = deadline(call, ttl)?;
    write(call, 3, until);
    Ok(Value::simple("OK"))
}

fn setnx(call: &mut Call<'_>) -> Answer {
    let key = call.take(1);
    if call.space().get(&key).is_some() {
        return Ok(Value::Integer(0));
    }
    let value = call.take(2);
    call.space().set(Bytes::from(key), Bytes::from(value), None);
    Ok(Value::Integer(1))
}

fn getset(call: &mut Call<'_>) -> Answer {
    let before = read(call, 1);
    write(call, 2, None);
    Ok(before)
}

/// The value and its end in one step: of a thousand who ask at once, one gets it.
fn getdel(call: &mut Call<'_>) -> Answer {
    let value = read(call, 1);
    let key = call.take(1);
    call.space().remove(&key);
    Ok(value)
}

fn getex(call: &mut Call<'_>) -> Answer {
    let (mut ttl, mut at) = (None, 2);
    while at < call.words.len() {
        at += 1 + Ttl::option(&mut ttl, call, at, &[Ttl::Persist])?;
    }
    let value = read(call, 1);
    let (Value::Bulk(_), Some(ttl)) = (&value, ttl) else {
        return Ok(value);
    };
    let until = deadline(call, ttl)?;
    let (key, now) = (call.take(1), call.now());
    let space = call.space();
    match until {
        Some(until) if until <= now => drop(space.remove(&key)),
        // PERSIST leaves a key alone that has no end.
        None if space
            .get(&key)
            .is_some_and(|entry| entry.deadline.is_none()) => {}
        until => space.set_deadline(&key, until),
    }
    Ok(value)
}

fn mget(call: &mut Call<'_>) -> Answer {
    let values = (1..call.words.len()).map(|at| read(call, at));
    Ok(Value::Array(values.collect()))
}

fn pairs(call: &mut Call<'_>) -> Result<Vec<(Bytes, Bytes)>, Refused> {
    if call.words.len().is_multiple_of(2) {
        return Err(Refused::arity(call.name));
    }
    let mut words = call.words.drain(1..).map(Bytes::from);
    Ok(std::iter::from_fn(|| Some((words.next()?, words.next()?))).collect())
}

fn mset(call: &mut Call<'_>) -> Answer {
    for (key, value) in pairs(call)? {
        call.space().set(key, value, None);
    }
    Ok(Value::simple("OK"))
}

fn msetnx(call: &mut Call<'_>) -> Answer {
    let pairs = pairs(call)?;
    if pairs.iter().any(|(key, _)| call.space().get(key).is_some()) {
        return Ok(Value::Integer(0));
    }
    for (key, value) in pairs {
        call.space().set(key, value, None);
    }
    Ok(Value::Integer(1))
}

/// Lengths travel as signed numbers of 64 bits.
pub(super) fn count(count: usize) -> Value {
    Value::Integer(i64::try_from(count).unwrap_or(i64::MAX))
}

fn strlen(call: &mut Call<'_>) -> Answer {
    Ok(match read(call, 1) {
        Value::Bulk(value) => count(value.len()),
        _ => Value::Integer(0),
    })
}

fn append(call: &mut Call<'_>) -> Answer {
    let (key, more) = (call.take(1), call.take(2));
    let most = call.shared.config.max_bulk;
    let Some(entry) = call.space().get(&key) else {
        let length = count(more.len());
        call.space().set(Bytes::from(key), Bytes::from(more), None);
        return Ok(length);
    };
    if entry.value.len().saturating_add(more.len()) > most {
        return Err(Refused::new(
            "ERR string exceeds maximum allowed size (proto-max-bulk-len)",
        ));
    }
    let length = call.space().append(&key, &more);
    Ok(count(length))
}
