//! Commands for keys, whatever their values are.

use super::strings::count;
use crate::resp::Value;
use crate::server::command::Call;
use crate::server::refused::{Answer, Refused};

pub(super) fn del(call: &mut Call<'_>) -> Answer {
    let keys = std::mem::take(&mut call.words);
    let space = call.space();
    let gone = keys
        .iter()
        .skip(1)
        .filter(|key| space.remove(key).is_some());
    Ok(count(gone.count()))
}

pub(super) fn exists(call: &mut Call<'_>) -> Answer {
    let keys = std::mem::take(&mut call.words);
    let space = call.space();
    // A key that is named twice counts twice.
    let there = keys.iter().skip(1).filter(|key| space.get(key).is_some());
    Ok(count(there.count()))
}

pub(super) fn db_size(call: &mut Call<'_>) -> Answer {
    let space = call.space();
    space.remove_expired(usize::MAX);
    Ok(count(space.counts().0))
}

/// Redis can do this on another thread; here both words are taken and mean the same.
pub(super) fn flush(call: &mut Call<'_>) -> Answer {
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
