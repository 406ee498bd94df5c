//! SCAN: all keys, piece by piece.

use crate::resp::{Value, integer};
use crate::server::command::Call;
use crate::server::refused::{Answer, Refused};

/// A key that is there from the first call with cursor 0 to the last one is returned once. One that
/// comes or goes meanwhile may be returned or not.
pub(super) fn scan(call: &mut Call<'_>) -> Answer {
    let cursor = std::str::from_utf8(call.word(1)).ok();
    let cursor = cursor.and_then(|text| text.parse().ok());
    let cursor = cursor.ok_or_else(|| Refused::new("ERR invalid cursor"))?;
    let mut most = 10;
    for pair in call.from(2).chunks(2) {
        let [option, word] = pair else {
            return Err(Refused::syntax());
        };
        match option.to_ascii_uppercase().as_slice() {
            b"COUNT" => match integer(word).ok_or_else(Refused::no_integer)? {
                wanted @ 1.. => most = usize::try_from(wanted).unwrap_or(usize::MAX),
                _ => return Err(Refused::syntax()),
            },
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
        found.push(Value::Bulk(entry.key.clone()));
    }
    let next = Value::bulk(next.to_string());
    Ok(Value::Array(vec![next, Value::Array(found)]))
}
