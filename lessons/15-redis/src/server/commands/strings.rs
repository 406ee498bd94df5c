//! Commands for values: SET and GET, and their relatives; and values that are numbers. These are kept as texts,
//! as in Redis, so GET shows what INCR has made.

use bytes::Bytes;

use crate::resp::{Value, integer};
use crate::server::command::Call;
use crate::server::commands::ttl::{Ttl, deadline};
use crate::server::refused::{Answer, Refused};

/// The value at the key that is word `at`.
fn read(call: &mut Call<'_>, at: usize) -> Value {
    let key = call.take(at);
    let found = call.space().get(&key).map(|entry| entry.value.clone());
    if let Some(word) = call.words.get_mut(at) {
        *word = key;
    }
    found.map_or(Value::Null, Value::Bulk)
}

pub(super) fn get(call: &mut Call<'_>) -> Answer {
    Ok(read(call, 1))
}

/// SET with all its options is one step: whether the key is there is asked, and the value and its end are
/// written, in one hold of the lock.
pub(super) fn set(call: &mut Call<'_>) -> Answer {
    let (mut absent, mut present, mut get, mut ttl) = (false, false, false, None);
    let mut at = 3;
    while at < call.words.len() {
        let word = call.word(at).to_ascii_uppercase();
        match word.as_slice() {
            b"NX" if !present => absent = true,
            b"XX" if !absent => present = true,
            b"GET" => get = true,
            _ => at += Ttl::option(&mut ttl, call, at)?,
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

/// SET with EX in an older spelling.
pub(super) fn setex(call: &mut Call<'_>) -> Answer {
    let until = deadline(call, Ttl::Number { unit: 1000, at: 2 })?;
    let (key, value) = (call.take(1), call.take(3));
    call.space()
        .set(Bytes::from(key), Bytes::from(value), until);
    Ok(Value::simple("OK"))
}

/// Reads a value and removes it, in one step: of a thousand callers one gets it.
pub(super) fn getdel(call: &mut Call<'_>) -> Answer {
    let value = read(call, 1);
    let key = call.take(1);
    call.space().remove(&key);
    Ok(value)
}

/// Reads a value and gives it a new expiry, in one step; a missing key stays missing.
pub(super) fn getex(call: &mut Call<'_>) -> Answer {
    let (mut ttl, mut at) = (None, 2);
    while at < call.words.len() {
        at += 1 + Ttl::option(&mut ttl, call, at)?;
    }
    if ttl == Some(Ttl::Keep) {
        return Err(Refused::syntax());
    }
    let until = match ttl {
        Some(ttl) => deadline(call, ttl)?,
        None => None,
    };
    let value = read(call, 1);
    if ttl.is_some() && value != Value::Null {
        let key = call.take(1);
        call.space().set_deadline(&key, until);
    }
    Ok(value)
}

pub(super) fn mget(call: &mut Call<'_>) -> Answer {
    let values = (1..call.words.len()).map(|at| read(call, at));
    Ok(Value::Array(values.collect()))
}

pub(super) fn mset(call: &mut Call<'_>) -> Answer {
    if call.words.len().is_multiple_of(2) {
        return Err(Refused::arity(call.name));
    }
    for at in (1..call.words.len()).step_by(2) {
        let (key, value) = (call.take(at), call.take(at + 1));
        call.space().set(Bytes::from(key), Bytes::from(value), None);
    }
    Ok(Value::simple("OK"))
}

/// Lengths travel as signed numbers of 64 bits.
pub(super) fn count(count: usize) -> Value {
    Value::Integer(i64::try_from(count).unwrap_or(i64::MAX))
}

pub(super) fn incr(call: &mut Call<'_>) -> Answer {
    add(call, 1)
}

pub(super) fn incr_by(call: &mut Call<'_>) -> Answer {
    let by = call.number(2)?;
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
