//! Events as JSON, one object a line, for programs. The fields are described in `--help`.

use std::fmt::Write as _;

use serde_json::Value;

use crate::escape::guard_json;
use crate::event::Event;

/// One event as one line of JSON. Text of a peer keeps its meaning; what could drive a
/// terminal is written as `\uXXXX`.
///
/// The object is put together here and not by a map, which would sort the fields: time,
/// connection and direction come first, so that a human can read along as well.
pub fn object(event: &Event, out: &mut String) {
    let conn = event.conn.map_or(Value::Null, Value::from);
    let dir = event.dir.map_or(Value::Null, |dir| dir.name().into());
    let name = Value::from(event.shown.event);
    let mut json = String::new();
    // Writing to a String cannot fail, here and below.
    let _ = write!(
        json,
        r#"{{"time_us":{},"conn":{conn},"dir":{dir},"event":{name}"#,
        event.at.as_micros()
    );
    for (name, value) in &event.shown.fields {
        let _ = write!(json, ",{}:{value}", Value::from(*name));
    }
    // The sentence that the other forms show, so that no program needs to word it again.
    let says = Value::from(event.shown.words.as_str());
    let _ = write!(json, r#","says":{says}"#);
    if !event.shown.note.is_empty() {
        let note = Value::from(event.shown.note.as_str());
        let _ = write!(json, r#","note":{note}"#);
    }
    let _ = write!(json, r#","tone":"{}"}}"#, event.shown.tone.name());
    out.push_str(&guard_json(&json));
    out.push('\n');
}
