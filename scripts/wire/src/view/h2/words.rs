//! The words for frames of HTTP/2.

use serde_json::{Map, Value, json};

use super::{Block, Head, names};
use crate::escape::{Kept, hex, quoted};
use crate::event::{Mark, Shown, Tone};
use crate::view::hpack::{Field, List};
use crate::view::http::not_http;
use crate::view::{count, in_pieces};

/// `stream 3  `, or nothing for the connection itself.
pub fn stream(stream: u32) -> String {
    match stream {
        0 => String::new(),
        n => format!("stream {n}  "),
    }
}

/// The client's first words.
pub fn preface(pieces: u64) -> Shown {
    let words = format!("preface of HTTP/2: {}", quoted(super::PREFACE));
    Shown::new("h2-preface", Mark::Bytes, Tone::Quiet, words)
        .notes([in_pieces(pieces)])
        .field("text", String::from_utf8_lossy(super::PREFACE))
}

/// A frame of any type; `payload` is what was kept of it.
pub fn frame(head: Head, payload: &Kept, pieces: u64) -> Shown {
    let mut tone = Tone::Quiet;
    let mut fields: Vec<(&'static str, Value)> = Vec::new();
    let bytes = payload.bytes();
    let number = |at: usize| bytes.get(at..at + 4).and_then(|it| it.try_into().ok());
    let number = |at| number(at).map(u32::from_be_bytes);
    let meaning = match (head.kind, number(0), number(4)) {
        (names::SETTINGS, ..) if head.has(names::ACK) => String::new(),
        (names::SETTINGS, ..) if head.len.is_multiple_of(6) => {
            let all = names::settings(bytes).map(|(id, value)| (names::setting(id), value));
            let words: Vec<String> = all
                .clone()
                .map(|(it, value)| format!("{it}={value}"))
                .collect();
            let object: Map<String, Value> = all.map(|(it, value)| (it, json!(value))).collect();
            fields.push(("settings", object.into()));
            words.join(" ")
        }
        (names::WINDOW_UPDATE, Some(more), _) => {
            let more = more & 0x7fff_ffff;
            fields.push(("increment", more.into()));
            format!("{more} more bytes may come")
        }
        (names::PING, ..) if !bytes.is_empty() => {
            fields.push(("opaque", hex(bytes).into()));
            hex(bytes)
        }
        (names::RST_STREAM, Some(code), _) => {
            // The end of a stream that is not needed any more is no fault.
            tone = if code == 0 { Tone::Quiet } else { Tone::Wrong };
            fields.push(("error", names::error(code).into()));
            fields.push(("error_code", code.into()));
            names::error(code)
        }
        (names::GOAWAY, Some(last), Some(code)) => {
            tone = if code == 0 { Tone::Part } else { Tone::Wrong };
            let last = last & 0x7fff_ffff;
            let debug = match &bytes[8..] {
                [] => String::new(),
                debug => format!("  {}", Kept::of(debug, 256).quoted()),
            };
            fields.push(("last_stream", last.into()));
            fields.push(("error", names::error(code).into()));
            fields.push(("error_code", code.into()));
            fields.push(("debug", String::from_utf8_lossy(&bytes[8..]).into()));
            format!("{}, last stream {last}{debug}", names::error(code))
        }
        (names::HEADERS | names::CONTINUATION | names::PUSH_PROMISE, ..) => {
            fields.push(("hex", hex(&bytes[..bytes.len().min(64)]).into()));
            let len = count(payload.len(), "byte");
            format!("{len}, and the header block goes on")
        }
        // A type without a name, or a payload that does not fit its type.
        _ => {
            let shown = Kept::of(bytes, 64);
            fields.push(("hex", hex(shown.bytes()).into()));
            if head.kind <= names::CONTINUATION {
                tone = Tone::Wrong;
            }
            format!("{}  {}", count(payload.len(), "byte"), hex(shown.bytes()))
        }
    };
    let mut shown = about("h2-frame", tone, head, &meaning, pieces);
    shown.fields.extend(fields);
    shown
}

/// A frame of data; `kept` is what there was room for.
pub fn data(head: Head, kept: &Kept, pieces: u64) -> Shown {
    let meaning = format!("{}  {}", count(kept.len(), "byte"), kept.quoted());
    about("h2-frame", Tone::Good, head, &meaning, pieces)
        .field("hex", hex(kept.bytes()))
        .field("text", String::from_utf8_lossy(kept.bytes()))
        .field("left_out", kept.left_out())
}

/// What kind of header block it is, seen from its fields.
pub fn block_kind(list: &List) -> &'static str {
    let informational = |status: &[u8]| status.starts_with(b"1");
    match (list.get(":method"), list.get(":status")) {
        (Some(_), _) => "request",
        (_, Some(status)) if informational(status) => "informational",
        (_, Some(_)) => "response",
        _ => "trailers",
    }
}

/// A whole header block, field by field.
pub fn headers(block: &Block, pieces: u64, show: usize) -> Shown {
    let (head, len) = (block.head, count(block.len, "byte"));
    let about = |tone, meaning: &str| {
        about("headers", tone, head, meaning, pieces)
            .field("block_len", block.len)
            .field("frames", block.frames)
    };
    let list = match &block.list {
        Ok(list) => list,
        Err(why) => {
            let meaning = format!("{len} that cannot be read: {why}");
            return about(Tone::Wrong, &meaning).field("problem", *why);
        }
    };
    let kind = block_kind(list);
    let row = |field: &Field| {
        let cost = count(field.cost as u64, "byte");
        format!("{}   [{cost}]", line(field, show))
    };
    let mut rows: Vec<String> = list.fields.iter().map(row).collect();
    if list.left_out > 0 {
        let more = count(list.left_out as u64, "more field");
        rows.push(format!("… and {more}"));
    }
    let frames = match block.frames {
        1 => String::new(),
        n => format!(" in {n} frames"),
    };
    let meaning = format!("{kind}, {len}{frames}");
    about(Tone::Good, &meaning)
        .field("kind", kind)
        .field("headers", pairs(list, show))
        .field("left_out", list.left_out)
        .rows(rows)
}

/// `name: value`, harmless and not longer than about `show` bytes.
pub fn line(field: &Field, show: usize) -> String {
    let plain = |bytes: &[u8]| {
        let text = Kept::of(bytes, show).quoted();
        // Quotes only where they tell something.
        let inner = text.strip_prefix('"').and_then(|it| it.strip_suffix('"'));
        match inner {
            Some(inner) if !inner.contains('\\') => inner.to_string(),
            _ => text,
        }
    };
    format!("{}: {}", plain(field.name()), plain(field.value()))
}

/// The fields as pairs, for JSON.
pub fn pairs(list: &List, show: usize) -> Value {
    let text = |bytes: &[u8]| String::from_utf8_lossy(&bytes[..bytes.len().min(show)]).into_owned();
    list.fields
        .iter()
        .map(|field| json!([text(field.name()), text(field.value())]))
        .collect()
}

/// Something about one frame.
fn about(event: &'static str, tone: Tone, head: Head, meaning: &str, pieces: u64) -> Shown {
    let flags = names::flags(head.kind, head.flags);
    let mut words = format!("{}{}", stream(head.stream), names::kind(head.kind));
    // That a header block is whole is seen by its being shown.
    for flag in flags.iter().filter(|flag| *flag != "END_HEADERS") {
        words.push_str(&format!(" {flag}"));
    }
    if !meaning.is_empty() {
        words.push_str(&format!("  {meaning}"));
    }
    Shown::new(event, Mark::Bytes, tone, words)
        .notes([in_pieces(pieces)])
        .field("stream", head.stream)
        .field("type", names::kind(head.kind))
        .field("flags", flags)
        .field("end_stream", head.ends_stream())
        .field("len", head.len)
        .field("pieces", pieces)
}

/// From here on it is unknown where frames begin.
pub fn lost(why: &str, kept: &Kept) -> Shown {
    let first = hex(kept.bytes());
    not_http(kept, why, format!("not HTTP/2: {why}"))
        .note(format!("what follows is shown as bytes; first: {first}"))
}

/// The direction has ended inside a frame.
pub fn unfinished(head: Option<Head>, have: u64) -> Shown {
    let words = match head {
        Some(head) => format!(
            "ended in the middle: {}{} with {have} of {}",
            stream(head.stream),
            names::kind(head.kind),
            count(u64::from(head.len), "byte")
        ),
        None => format!("ended in the middle: {} of a frame", count(have, "byte")),
    };
    Shown::new("h2-unfinished", Mark::Bytes, Tone::Wrong, words)
        .field("stream", head.map(|head| head.stream))
        .field("have", have)
}
