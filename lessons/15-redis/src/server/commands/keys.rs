//! Keys, whatever their values are.

use std::hash::{BuildHasher, RandomState};

use bytes::Bytes;

use super::strings::count;
use super::{ALL, NONE, ONE, line};
use crate::resp::Value;
use crate::server::command::{Call, Command};
use crate::server::refused::{Answer, Refused};

const READS: &str = "readonly fast";

pub(super) const TABLE: &[Command] = &[
    line("del", -2, "write", ALL, "Takes keys away", del),
    line("unlink", -2, "write fast", ALL, "Takes keys away", del),
    line(
        "exists",
        -2,
        READS,
        ALL,
        "How many of these keys there are",
        exists,
    ),
    line(
        "touch",
        -2,
        READS,
        ALL,
        "How many of these keys there are",
        exists,
    ),
    line("type", 2, READS, ONE, "What kind of value a key has", kind),
    line("randomkey", 1, "readonly", NONE, "Any key", random_key),
    line(
        "rename",
        3,
        "write",
        (1, 2, 1),
        "Another name for a key",
        rename,
    ),
    line(
        "renamenx",
        3,
        "write fast",
        (1, 2, 1),
        "Another name, if it is free",
        rename_nx,
    ),
    line("dbsize", 1, READS, NONE, "How many keys there are", db_size).group("server"),
    line(
        "flushdb",
        -1,
        "write",
        NONE,
        "Takes all keys of this database away",
        flush,
    )
    .group("server"),
    line("flushall", -1, "write", NONE, "Takes all keys away", flush).group("server"),
];

fn del(call: &mut Call<'_>) -> Answer {
    let keys = std::mem::take(&mut call.words);
    let space = call.space();
    let gone = keys
        .iter()
        .skip(1)
        .filter(|key| space.remove(key).is_some());
    Ok(count(gone.count()))
}

fn exists(call: &mut Call<'_>) -> Answer {
    let keys = std::mem::take(&mut call.words);
    let space = call.space();
    // A key that is named twice counts twice.
    let there = keys.iter().skip(1).filter(|key| space.get(key).is_some());
    Ok(count(there.count()))
}

fn kind(call: &mut Call<'_>) -> Answer {
    let key = call.take(1);
    let there = call.space().get(&key).is_some();
    Ok(Value::simple(if there { "string" } else { "none" }))
}

fn random_key(call: &mut Call<'_>) -> Answer {
    // The seed of the standard library's hash maps is random, and saves a crate.
    let lot = RandomState::new().hash_one(0);
    let found = call.space().any(lot);
    Ok(found.map_or(Value::Null, |entry| Value::Bulk(entry.key.clone())))
}

fn rename(call: &mut Call<'_>) -> Answer {
    move_key(call, false)?;
    Ok(Value::simple("OK"))
}

fn rename_nx(call: &mut Call<'_>) -> Answer {
    let moved = move_key(call, true)?;
    Ok(Value::Integer(i64::from(moved)))
}

/// The value moves, and its time to live with it.
fn move_key(call: &mut Call<'_>, only_if_free: bool) -> Result<bool, Refused> {
    let (from, to) = (call.take(1), call.take(2));
    let space = call.space();
    if space.get(&from).is_none() {
        return Err(Refused::new("ERR no such key"));
    }
    if from == to {
        return Ok(!only_if_free);
    }
    if only_if_free && space.get(&to).is_some() {
        return Ok(false);
    }
    if let Some(entry) = space.remove(&from) {
        space.set(Bytes::from(to), entry.value, entry.deadline);
    }
    Ok(true)
}

fn db_size(call: &mut Call<'_>) -> Answer {
    let space = call.space();
    space.bury_dead(usize::MAX);
    Ok(count(space.counts().0))
}

/// Redis can do this on another thread; here both words are taken and mean the same.
fn flush(call: &mut Call<'_>) -> Answer {
    match call.from(1) {
        [] => {}
        [how] if how.eq_ignore_ascii_case(b"sync") || how.eq_ignore_ascii_case(b"async") => {}
        _ => return Err(Refused::syntax()),
    }
    match call.name {
        "flushdb" => call.space().clear(),
        _ => call.state.spaces.iter_mut().for_each(|space| space.clear()),
    }
    Ok(Value::simple("OK"))
}
