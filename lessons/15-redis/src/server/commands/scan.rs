//! All keys: at once, or piece by piece.

use super::{NONE, line};
use crate::resp::{Value, integer};
use crate::server::command::{Call, Command};
use crate::server::glob;
use crate::server::refused::{Answer, Refused};

pub(super) const TABLE: &[Command] = &[
    line(
        "keys",
        2,
        "readonly",
        NONE,
        "All keys that fit a pattern; it stops everyone else",
        keys,
    ),
    line(
        "scan",
        -2,
        "readonly",
        NONE,
        "The keys, piece by piece",
        scan,
    ),
];

fn keys(call: &mut Call<'_>) -> Answer {
    let pattern = call.take(1);
    let entries = call.space().entries_from(0);
    let keys = entries.map(|(entry, _)| &entry.key);
    let keys = keys.filter(|key| glob::fits(&pattern, key));
    Ok(Value::Array(keys.cloned().map(Value::Bulk).collect()))
}

/// A key that is there from the first call with cursor 0 to the last one is returned once. One that
/// comes or goes meanwhile may be returned or not.
fn scan(call: &mut Call<'_>) -> Answer {
    let cursor = cursor(call.word(1)).ok_or_else(|| Refused::new("ERR invalid cursor"))?;
    let (mut pattern, mut most, mut strings) = (None, 10, true);
    for pair in call.from(2).chunks(2) {
        let [option, word] = pair else {
            return Err(Refused::syntax());
        };
        match option.to_ascii_uppercase().as_slice() {
            b"COUNT" => match integer(word).ok_or_else(Refused::no_integer)? {
                wanted @ 1.. => most = usize::try_from(wanted).unwrap_or(usize::MAX),
                _ => return Err(Refused::syntax()),
            },
            b"MATCH" => pattern = Some(word.clone()),
            b"TYPE" => strings = word.eq_ignore_ascii_case(b"string"),
            _ => return Err(Refused::syntax()),
        }
    }
    let mut found = Vec::new();
    let (mut seen, mut next) = (0, 0);
    for (entry, behind) in call.space().entries_from(cursor) {
        // Keys with one hash go together: there is no place between them to go on from.
        if seen >= most && behind != next {
            break;
        }
        (seen, next) = (seen + 1, behind);
        let fits = pattern
            .as_ref()
            .is_none_or(|pattern| glob::fits(pattern, &entry.key));
        if strings && fits {
            found.push(Value::Bulk(entry.key.clone()));
        }
    }
    let next = Value::bulk(next.to_string());
    Ok(Value::Array(vec![next, Value::Array(found)]))
}

/// Redis reads cursors with C's `strtoul`: nothing is 0, and a minus counts back from the end.
fn cursor(word: &[u8]) -> Option<u64> {
    let text = std::str::from_utf8(word).ok()?;
    match text.strip_prefix('-') {
        _ if text.is_empty() => Some(0),
        Some(digits) if !digits.starts_with('+') => digits.parse().ok().map(u64::wrapping_neg),
        Some(_) => None,
        None => text.parse().ok(),
    }
}
