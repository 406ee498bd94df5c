//! `--as json-rpc`: JSON-RPC as in lesson 03, both the 2.0 of the specification and the dialect of
//! Go's `net/rpc/jsonrpc`. A message is an object or a list, from its first bracket to the one that
//! closes it: that holds for lines, for objects with nothing between them, and for the body of an
//! HTTP request. What stands outside, such as HTTP's headers, is shown line by line.

use serde_json::Value;

use super::{Limits, Say, View, count, in_pieces, in_same_chunk};
use crate::escape::{Kept, beginning, guard, hex};
use crate::event::{Later, Mark, Shown, Tone};

/// A longer message is counted and no longer understood: the view keeps no more of it.
const UNDERSTOOD: usize = 64 * 1024;

/// Follows the messages of one direction.
pub struct JsonRpc {
    limits: Limits,
    message: Kept,
    scan: Scan,
    /// In how many chunks the message has arrived so far.
    pieces: u64,
    /// What stands outside of any message, up to the end of its line.
    outside: Kept,
}

/// Where in a message the bytes stand.
#[derive(Default)]
struct Scan {
    depth: u64,
    in_text: bool,
    after_backslash: bool,
}

/// What one byte does to a message.
#[derive(PartialEq)]
enum Step {
    Outside,
    Inside,
    /// The last byte of a message.
    Last,
    /// A line end inside a text: JSON does not allow it, so the message is broken here.
    Broken,
}

impl Scan {
    fn step(&mut self, byte: u8) -> Step {
        if self.depth == 0 && !matches!(byte, b'{' | b'[') {
            return Step::Outside;
        }
        match byte {
            b'\n' if self.in_text => {
                *self = Scan::default();
                return Step::Broken;
            }
            _ if self.after_backslash => self.after_backslash = false,
            b'\\' if self.in_text => self.after_backslash = true,
            b'"' => self.in_text = !self.in_text,
            _ if self.in_text => {}
            b'{' | b'[' => self.depth += 1,
            b'}' | b']' => self.depth -= 1,
            _ => {}
        }
        if self.depth == 0 {
            Step::Last
        } else {
            Step::Inside
        }
    }
}

impl JsonRpc {
    /// A view at the start of a direction.
    pub fn new(limits: Limits) -> Self {
        JsonRpc {
            limits,
            message: Kept::new(UNDERSTOOD),
            scan: Scan::default(),
            pieces: 0,
            outside: Kept::new(limits.show),
        }
    }

    /// Says what has stood outside, if it is more than white space, and forgets it.
    fn say_outside(&mut self, say: Say<'_>) {
        if !self.outside.bytes().trim_ascii().is_empty() {
            say(Later::about(self.outside.clone(), outside));
        }
        self.outside.clear();
    }

    /// Says something about the message as it is now.
    fn say_message(&self, say: Say<'_>, words: fn(&Kept, usize, &[String]) -> Shown, chunk: bool) {
        let notes = [in_pieces(self.pieces), in_same_chunk(chunk)];
        let notes: Vec<String> = notes.into_iter().flatten().collect();
        let show = self.limits.show;
        say(Later::about(self.message.clone(), move |kept| {
            words(kept, show, &notes)
        }));
    }
}

impl View for JsonRpc {
    fn feed(&mut self, bytes: &[u8], say: Say<'_>) {
        // Whether this chunk has had a message already, and from where on it belongs to the current one.
        let (mut had_one, mut from) = (false, 0);
        for (at, byte) in bytes.iter().enumerate() {
            let begins = self.scan.depth == 0;
            let step = self.scan.step(*byte);
            if step == Step::Outside {
                self.outside.push(&[*byte]);
                if *byte == b'\n' {
                    self.say_outside(say);
                }
                continue;
            }
            if begins {
                self.say_outside(say);
                from = at;
            }
            if matches!(step, Step::Last | Step::Broken) {
                self.message.push(&bytes[from..=at]);
                self.pieces += 1;
                let words = if step == Step::Last { whole } else { broken };
                self.say_message(say, words, had_one);
                self.message.clear();
                (self.pieces, had_one) = (0, true);
            }
        }
        if self.scan.depth > 0 {
            self.message.push(&bytes[from..]);
            self.pieces += 1;
            self.say_message(say, part, had_one);
        }
    }

    fn end(&mut self, say: Say<'_>) {
        self.say_outside(say);
        if self.scan.depth > 0 {
            self.say_message(say, unfinished, false);
        }
        self.scan = Scan::default();
        self.message.clear();
    }
}

/// A value as JSON, harmless for a terminal, and not longer than `show` bytes.
fn shown(value: &Value, show: usize) -> String {
    let text = value.to_string();
    let begin = beginning(&text, show);
    let more = if begin.len() < text.len() { "…" } else { "" };
    format!("{}{more}", guard(begin))
}

/// A message is whole.
fn whole(kept: &Kept, show: usize, notes: &[String]) -> Shown {
    if kept.left_out() > 0 {
        let words = format!("a message of {}", count(kept.len(), "byte"));
        let notes = [notes, &["too long to read it".into()]].concat();
        return about(kept, "json", Tone::Good, words, &notes);
    }
    let Ok(value) = serde_json::from_slice::<Value>(kept.bytes()) else {
        return broken(kept, show, notes);
    };
    let (kind, words, rows, tone) = match &value {
        Value::Array(members) => {
            let rows = members.iter().map(|member| meaning(member, show).1);
            let words = format!("batch of {}", members.len());
            ("batch", words, rows.collect(), Tone::Good)
        }
        single => {
            let (kind, words, tone) = meaning(single, show);
            (kind, words, Vec::new(), tone)
        }
    };
    let dialect = match &value {
        Value::Object(members) if members.get("jsonrpc").is_some_and(|it| it == "2.0") => "2.0",
        Value::Object(_) => "no jsonrpc member",
        _ => "",
    };
    let dialect = (!dialect.is_empty()).then(|| dialect.to_string());
    let notes: Vec<String> = dialect.into_iter().chain(notes.iter().cloned()).collect();
    about(kept, "json-rpc", tone, words, &notes)
        .rows(rows)
        .field("kind", kind)
        .field("message", value)
}

/// What one message of JSON-RPC says.
fn meaning(value: &Value, show: usize) -> (&'static str, String, Tone) {
    let text = |name: &str| value.get(name).map(|value| shown(value, show));
    let id = text("id");
    if let Some(method) = value.get("method").and_then(Value::as_str) {
        let method = guard(beginning(method, show));
        let params = text("params").unwrap_or_default();
        return match id {
            Some(id) => ("call", format!("call {id}  {method} {params}"), Tone::Good),
            None => {
                let words = format!("notification  {method} {params}");
                ("notification", words, Tone::Good)
            }
        };
    }
    let id = id.unwrap_or_default();
    // Go's dialect has both members in each reply; the one that is null says nothing.
    let (kind, words, tone) = match (value.get("error"), value.get("result")) {
        (Some(error), _) if !error.is_null() => ("error", shown(error, show), Tone::Wrong),
        (_, Some(result)) => ("result", shown(result, show), Tone::Good),
        _ => {
            let words = format!("neither call nor reply: {}", shown(value, show));
            return ("neither", words, Tone::Wrong);
        }
    };
    (kind, format!("{kind} {id}  {words}"), tone)
}

fn part(kept: &Kept, show: usize, notes: &[String]) -> Shown {
    let words = format!("{} …", Kept::of(kept.bytes(), show).quoted());
    let so_far = format!("{} so far", count(kept.len(), "byte"));
    let notes = [&[so_far], notes].concat();
    about(kept, "json-part", Tone::Part, words, &notes)
}

fn unfinished(kept: &Kept, show: usize, _notes: &[String]) -> Shown {
    let begin = Kept::of(kept.bytes(), show).quoted();
    let words = format!("the last message has no end: {begin}");
    let len = count(kept.len(), "byte");
    about(kept, "json-unfinished", Tone::Wrong, words, &[len])
}

fn broken(kept: &Kept, show: usize, notes: &[String]) -> Shown {
    let words = format!("no JSON: {}", Kept::of(kept.bytes(), show).quoted());
    about(kept, "json-broken", Tone::Wrong, words, notes)
}

fn outside(kept: &Kept) -> Shown {
    let notes = ["outside any message".to_string()];
    about(kept, "outside", Tone::Part, kept.quoted(), &notes)
}

/// What all of these have in common.
fn about(kept: &Kept, event: &'static str, tone: Tone, words: String, notes: &[String]) -> Shown {
    let start = &kept.bytes()[..kept.bytes().len().min(256)];
    Shown::new(event, Mark::Bytes, tone, words)
        .note(notes.join("; "))
        .field("len", kept.len())
        .field("hex", hex(start))
        .field("text", String::from_utf8_lossy(start))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::view::{Reading, ViewKind, lines, said};

    fn json_rpc(pieces: &[&[u8]]) -> Vec<String> {
        lines(&said(
            &Reading::Plain(ViewKind::JsonRpc),
            Limits::default(),
            pieces,
        ))
    }

    const CALL: &[u8] = br#"{"jsonrpc":"2.0","method":"a.B","params":["wire"],"id":1}"#;

    #[test]
    fn calls_replies_and_errors_of_both_dialects() {
        for (text, expected) in [
            (CALL, r#"json-rpc: call 1  a.B ["wire"] (2.0)"#),
            (
                br#"{"jsonrpc":"2.0","method":"a.B"}"#,
                "json-rpc: notification  a.B  (2.0)",
            ),
            (
                br#"{"jsonrpc":"2.0","result":7,"id":"x"}"#,
                r#"json-rpc: result "x"  7 (2.0)"#,
            ),
            (
                br#"{"jsonrpc":"2.0","error":{"code":-1,"message":"no"},"id":1}"#,
                r#"json-rpc: error 1  {"code":-1,"message":"no"} (2.0)"#,
            ),
            (
                br#"{"id":0,"result":7,"error":null}"#,
                "json-rpc: result 0  7 (no jsonrpc member)",
            ),
            (
                br#"{"id":0,"result":null,"error":"no"}"#,
                r#"json-rpc: error 0  "no" (no jsonrpc member)"#,
            ),
            (b"[1,{}]", "json-rpc: batch of 2 ()"),
        ] {
            assert_eq!(json_rpc(&[text]), [expected]);
        }
    }

    #[test]
    fn messages_in_one_chunk_in_pieces_and_what_is_none() {
        let two = [CALL, b" ", CALL, b"\n"].concat();
        let cases: [(&[&[u8]], &[&str]); 4] = [
            (
                &[&two],
                &[
                    r#"json-rpc: call 1  a.B ["wire"] (2.0)"#,
                    r#"json-rpc: call 1  a.B ["wire"] (2.0; in the same chunk)"#,
                ],
            ),
            (
                &[&CALL[..8], &CALL[8..]],
                &[
                    r#"json-part: "{\"jsonrp" … (8 bytes so far)"#,
                    r#"json-rpc: call 1  a.B ["wire"] (2.0; in 2 pieces)"#,
                ],
            ),
            (
                &[b"POST / HTTP/1.1\r\n\r\n{\"id\":1,\"result\":2}"],
                &[
                    r#"outside: "POST / HTTP/1.1\r\n" (outside any message)"#,
                    "json-rpc: result 1  2 (no jsonrpc member)",
                ],
            ),
            (
                &[b"{\"a\n{\"id\":1,\"result\":2}{\"b"],
                &[
                    r#"json-broken: no JSON: "{\"a\n" ()"#,
                    "json-rpc: result 1  2 (no jsonrpc member; in the same chunk)",
                    r#"json-part: "{\"b" … (3 bytes so far; in the same chunk)"#,
                    r#"json-unfinished: the last message has no end: "{\"b" (3 bytes)"#,
                ],
            ),
        ];
        for (pieces, expected) in cases {
            assert_eq!(json_rpc(pieces), expected);
        }
    }

    #[test]
    fn what_could_drive_a_terminal_is_written_out() {
        let said =
            json_rpc(&["{\"method\":\"\u{9b}2J\",\"params\":\"\u{202e}\",\"id\":1}".as_bytes()]);
        assert!(!said[0].contains(['\u{9b}', '\u{202e}']), "{said:?}");
    }

    #[test]
    fn a_message_without_an_end_is_kept_only_up_to_the_bound() {
        let mut view = JsonRpc::new(Limits::default());
        view.feed(b"{\"", &mut |_| {});
        for _ in 0..1000 {
            view.feed(&[b'['; 1000], &mut |_| {});
        }
        assert_eq!(view.message.bytes().len(), UNDERSTOOD);
        assert_eq!(view.message.len(), 1_000_002);
        view.feed(b"\"}", &mut |_| {});
        assert_eq!(view.message.len(), 0);
        view.feed(&vec![b'x'; 100_000], &mut |_| {});
        assert!(view.outside.bytes().len() <= 256);
    }
}
