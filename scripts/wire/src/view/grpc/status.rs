//! How a call ended: the trailers with its status.

use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use base64::{Engine as _, alphabet};
use percent_encoding::percent_decode;
use prost::Message as _;

use super::words::Facts;
use crate::escape::{Kept, plain};
use crate::event::{Dir, Shown, Tone};
use crate::schema::{Schema, text};
use crate::view::count;

/// The names of the codes, in order from 0, as the gRPC documentation has them.
const CODES: [&str; 17] = [
    "OK",
    "CANCELLED",
    "UNKNOWN",
    "INVALID_ARGUMENT",
    "DEADLINE_EXCEEDED",
    "NOT_FOUND",
    "ALREADY_EXISTS",
    "PERMISSION_DENIED",
    "RESOURCE_EXHAUSTED",
    "FAILED_PRECONDITION",
    "ABORTED",
    "OUT_OF_RANGE",
    "UNIMPLEMENTED",
    "INTERNAL",
    "UNAVAILABLE",
    "DATA_LOSS",
    "UNAUTHENTICATED",
];

/// Binary metadata, with or without the `=` at the end.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_allow_trailing_bits(true)
        .with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// `google.rpc.Status`, in which details travel.
#[derive(Clone, PartialEq, prost::Message)]
struct Details {
    #[prost(int32, tag = "1")]
    code: i32,
    #[prost(string, tag = "2")]
    message: String,
    #[prost(message, repeated, tag = "3")]
    details: Vec<prost_types::Any>,
}

/// The words for a header block that holds a status; `late`: who had given the call up before.
pub fn shown(facts: &Facts, schema: &Schema, late: Option<Dir>) -> Shown {
    let show = facts.show;
    let get = |name: &str| facts.list.get(name).unwrap_or_default();
    let digits = String::from_utf8_lossy(get("grpc-status")).into_owned();
    let code: Option<usize> = digits.parse().ok();
    let name = code.and_then(|code| CODES.get(code).copied());
    let message: Vec<u8> = percent_decode(get("grpc-message")).collect();
    let only = facts.list.get(":status").is_some();

    let stream = facts.head.stream;
    let mut words = match name {
        Some(name) => format!("stream {stream}  status {digits} {name}"),
        None => {
            let what = Kept::of(digits.as_bytes(), show).quoted();
            format!("stream {stream}  status {what}, which gRPC does not have")
        }
    };
    if !message.is_empty() {
        words.push_str(&format!("  {}", Kept::of(&message, show).quoted()));
    }
    let mut notes = facts.notes();
    notes[0] = format!("trailers, {}", count(facts.len, "byte"));
    if only {
        notes.push("the only headers of this reply".to_string());
    }
    notes.extend(late.map(|by| format!("too late: the {} had given up", by.sender())));
    let mut rows = facts.metadata();
    let details = match facts.list.get("grpc-status-details-bin") {
        Some(text) => details(text, show, schema),
        None => Ok(Vec::new()),
    };
    match &details {
        Ok(all) => rows.extend(all.iter().map(|(kind, line)| {
            let short = kind.rsplit('.').next().unwrap_or_default();
            let kind = plain(kind.as_bytes());
            // A line that is typed begins with the name of the type.
            match line.strip_prefix(short) {
                Some(rest) => format!("detail {kind}{rest}"),
                None => format!("detail {kind} {line}"),
            }
        })),
        Err(why) => rows.push(format!("details that cannot be read: {why}")),
    }
    let details: Vec<serde_json::Value> = details
        .unwrap_or_default()
        .into_iter()
        .map(|(kind, text)| serde_json::json!({"type": kind, "text": text}))
        .collect();
    let tone = match code {
        Some(0) => Tone::Good,
        _ => Tone::Wrong,
    };
    facts
        .about("grpc-status", tone, words)
        .note(notes.join("; "))
        .rows(rows)
        .field("path", facts.path.as_str())
        .field("code", code)
        .field("name", name)
        .field("message", String::from_utf8_lossy(&message))
        .field("trailers_only", only)
        .field("late", late.is_some())
        .field("details", details)
}

/// Each detail: the name of its type, and what it says.
fn details(
    text: &[u8],
    show: usize,
    schema: &Schema,
) -> Result<Vec<(String, String)>, &'static str> {
    let bytes = match text.split_first() {
        // Between peers that have agreed on it the bytes come as they are, behind a 0.
        Some((0, bytes)) => bytes.to_vec(),
        _ => BASE64
            .decode(text.trim_ascii_end())
            .map_err(|_| "no base64")?,
    };
    let status = Details::decode(bytes.as_slice()).map_err(|_| "no google.rpc.Status")?;
    let all = status.details.iter().take(20).map(|detail| {
        let name = detail.type_url.rsplit('/').next().unwrap_or_default();
        let kind = schema.detail(name);
        let reading = text::read(kind.as_ref(), &detail.value, show);
        (name.chars().take(show).collect(), reading.line)
    });
    Ok(all.collect())
}

/// `5 s` for `5S`, `100 ms` for `100m`.
pub fn timeout(text: &str) -> String {
    let Some((at, unit)) = text.char_indices().last() else {
        return String::new();
    };
    let Ok(n) = text[..at].parse::<u32>() else {
        return text.to_string();
    };
    let seconds = match unit {
        'H' => return format!("{n} h"),
        'M' => return format!("{n} min"),
        'S' => return format!("{n} s"),
        'm' => f64::from(n) / 1e3,
        'u' => f64::from(n) / 1e6,
        'n' => f64::from(n) / 1e9,
        _ => return text.to_string(),
    };
    // Some clients write every deadline in small units; 4999847 us is hard to read.
    if seconds >= 1.0 {
        format!("{} s", (seconds * 1e3).round() / 1e3)
    } else {
        format!("{} ms", (seconds * 1e6).round() / 1e3)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn binary_metadata_needs_no_padding() {
        assert_eq!(BASE64.decode("aGVsbG8=").unwrap(), b"hello");
        assert_eq!(BASE64.decode("aGVsbG8").unwrap(), b"hello");
        assert_eq!(BASE64.decode("/+8").unwrap(), [0xff, 0xef]);
        assert!(BASE64.decode("a b").is_err());
    }

    #[test]
    fn deadlines_are_readable() {
        for (text, words) in [
            ("5S", "5 s"),
            ("100m", "100 ms"),
            ("4999847u", "5 s"),
            ("2H", "2 h"),
            ("x", "x"),
            ("", ""),
        ] {
            assert_eq!(timeout(text), words);
        }
    }
}
