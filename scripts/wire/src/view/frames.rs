//! `--as frames`: a length (u32, big-endian, four bytes), then as many bytes of payload, as in
//! lesson 01. Shows frames that arrive in pieces, and a length that cannot be one.

use super::{Limits, Say, View, count};
use crate::escape::{Kept, hex, quoted};
use crate::event::{Mark, Shown, Tone};

/// Bytes of the length in front of every payload.
const HEAD: usize = 4;

/// Where in a frame this direction is.
enum State {
    /// Fewer than four bytes of the length are known.
    Head,
    /// The length is known, the payload is under way.
    Body { len: u32, payload: Kept },
    /// A length was no length. Nobody can tell where the next frame starts.
    Lost,
}

/// Follows the frames of one direction.
pub struct Frames {
    limits: Limits,
    head: [u8; HEAD],
    /// How many bytes of `head` are known.
    known: usize,
    state: State,
    /// In how many chunks the frame has arrived so far.
    pieces: u64,
}

impl Frames {
    /// A view at the start of a direction.
    pub fn new(limits: Limits) -> Self {
        Frames {
            limits,
            head: [0; HEAD],
            known: 0,
            state: State::Head,
            pieces: 0,
        }
    }

    /// Takes bytes of the length from `rest`; gives back what follows them.
    fn take_head<'a>(&mut self, rest: &'a [u8], say: Say<'_>) -> &'a [u8] {
        let (now, after) = rest.split_at(rest.len().min(HEAD - self.known));
        self.head[self.known..self.known + now.len()].copy_from_slice(now);
        self.known += now.len();
        if self.known < HEAD {
            return after;
        }
        let len = u32::from_be_bytes(self.head);
        if len > self.limits.max_frame {
            say(&|| self.too_long(len));
            self.state = State::Lost;
        } else {
            self.state = State::Body {
                len,
                payload: Kept::new(self.limits.show),
            };
        }
        after
    }

    /// A length that the view does not believe.
    fn too_long(&self, len: u32) -> Shown {
        let letters = self
            .head
            .iter()
            .all(|b| matches!(b, 0x20..0x7f | b'\n' | b'\r' | b'\t'));
        let text = quoted(&self.head);
        let words = if letters {
            format!("frame length {len}? Those are the letters {text}")
        } else {
            format!("frame length {len}? The four bytes are {}", hex(&self.head))
        };
        Shown::new("frame-too-long", Mark::Bytes, Tone::Wrong, words)
            .note(format!(
                "the limit is {}; does the {}",
                count(u64::from(self.limits.max_frame), "byte"),
                "sender write a length first?"
            ))
            .field("frame_len", len)
            .field("limit", self.limits.max_frame)
            .field("hex", hex(&self.head))
            .field("text", String::from_utf8_lossy(&self.head))
    }

    /// The frame is whole.
    fn whole(&self, len: u32, payload: &Kept, same_chunk: bool) -> Shown {
        let mut notes = Vec::new();
        if self.pieces > 1 {
            notes.push(format!("whole after {} pieces", self.pieces));
        }
        if same_chunk {
            notes.push("in the same chunk".to_string());
        }
        let words = format!(
            "{}  [{}] {}",
            frame_of(len),
            hex(&self.head),
            payload.quoted()
        );
        Shown::new("frame", Mark::Bytes, Tone::Good, words)
            .note(notes.join("; "))
            .field("len", len)
            .field("pieces", self.pieces)
            .field("hex", hex(payload.bytes()))
            .field("text", String::from_utf8_lossy(payload.bytes()))
            .field("left_out", payload.left_out())
    }

    /// What is known of a frame that is not whole: words, note, and the numbers for JSON.
    fn under_way(&self, event: &'static str, tone: Tone, lead: &str) -> Shown {
        match &self.state {
            State::Body { len, payload } => {
                let words = format!(
                    "{lead}{}  [{}] {} …",
                    frame_of(*len),
                    hex(&self.head),
                    payload.quoted()
                );
                Shown::new(event, Mark::Bytes, tone, words)
                    .note(format!("{} of {len} payload bytes", payload.len()))
                    .field("len", *len)
                    .field("have", payload.len())
                    .field("hex", hex(payload.bytes()))
                    .field("text", String::from_utf8_lossy(payload.bytes()))
            }
            State::Head | State::Lost => {
                let known = &self.head[..self.known];
                Shown::new(
                    event,
                    Mark::Bytes,
                    tone,
                    format!("{lead}a frame begins  [{}]", slots(known)),
                )
                .note(format!("{} of {HEAD} bytes of the length", self.known))
                .field("head", self.known)
                .field("hex", hex(known))
            }
        }
    }

    /// Ready for the next frame.
    fn next_frame(&mut self) {
        self.known = 0;
        self.pieces = 0;
        self.state = State::Head;
    }
}

impl View for Frames {
    fn feed(&mut self, bytes: &[u8], say: Say<'_>) {
        let mut rest = bytes;
        let mut frames_before = 0;
        while !rest.is_empty() {
            if self.known == 0 || rest.len() == bytes.len() {
                self.pieces += 1;
            }
            if matches!(self.state, State::Head) {
                rest = self.take_head(rest, say);
            }
            match &mut self.state {
                State::Head => {}
                State::Body { len, payload } => {
                    let len = *len;
                    let missing = u64::from(len) - payload.len();
                    // More than `rest` holds is as good as all of it.
                    let now = usize::try_from(missing)
                        .unwrap_or(usize::MAX)
                        .min(rest.len());
                    payload.push(&rest[..now]);
                    rest = &rest[now..];
                    if payload.len() == u64::from(len) {
                        if let State::Body { payload, .. } = &self.state {
                            say(&|| self.whole(len, payload, frames_before > 0));
                        }
                        frames_before += 1;
                        self.next_frame();
                    }
                }
                State::Lost => {
                    if !rest.is_empty() {
                        say(&|| lost(rest, self.limits.show));
                    }
                    return;
                }
            }
        }
        if self.known > 0 {
            say(&|| self.under_way("frame-part", Tone::Part, ""));
        }
    }

    fn end(&mut self, say: Say<'_>) {
        if self.known > 0 && !matches!(self.state, State::Lost) {
            say(&|| self.under_way("frame-unfinished", Tone::Wrong, "ended in the middle: "));
            self.next_frame();
        }
    }
}

/// The length as far as it is known: `00 00 -- --`.
fn slots(known: &[u8]) -> String {
    let missing = vec!["--"; HEAD.saturating_sub(known.len())].join(" ");
    let gap = if known.is_empty() || missing.is_empty() {
        ""
    } else {
        " "
    };
    format!("{}{gap}{missing}", hex(known))
}

/// `frame of 5 bytes`.
fn frame_of(len: u32) -> String {
    format!("frame of {}", count(u64::from(len), "byte"))
}

/// Bytes after a length that was none.
fn lost(bytes: &[u8], show: usize) -> Shown {
    let kept = Kept::of(bytes, show);
    let words = format!("{}  {}", count(kept.len(), "byte"), kept.quoted());
    Shown::new("not-a-frame", Mark::Bytes, Tone::Wrong, words)
        .note("no frame can be made out after that length")
        .field("len", kept.len())
        .field("hex", hex(kept.bytes()))
        .field("text", String::from_utf8_lossy(kept.bytes()))
        .field("left_out", kept.left_out())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::view::{ViewKind, said};

    fn frames(pieces: &[&[u8]]) -> Vec<String> {
        said(ViewKind::Frames, Limits::default(), pieces)
            .into_iter()
            .map(|shown| format!("{}: {} | {}", shown.event, shown.words, shown.note))
            .collect()
    }

    #[test]
    fn a_frame_in_one_chunk() {
        assert_eq!(
            frames(&[b"\0\0\0\x05hello"]),
            [r#"frame: frame of 5 bytes  [00 00 00 05] "hello" | "#]
        );
    }

    #[test]
    fn a_frame_in_three_pieces_shows_how_it_grows() {
        assert_eq!(
            frames(&[b"\0\0", b"\0\x05hel", b"lo"]),
            [
                "frame-part: a frame begins  [00 00 -- --] | 2 of 4 bytes of the length",
                r#"frame-part: frame of 5 bytes  [00 00 00 05] "hel" … | 3 of 5 payload bytes"#,
                r#"frame: frame of 5 bytes  [00 00 00 05] "hello" | whole after 3 pieces"#,
            ]
        );
    }

    #[test]
    fn two_frames_and_a_beginning_in_one_chunk() {
        assert_eq!(
            frames(&[b"\0\0\0\x01a\0\0\0\0\0\0\0\x02", b"bc"]),
            [
                r#"frame: frame of 1 byte  [00 00 00 01] "a" | "#,
                r#"frame: frame of 0 bytes  [00 00 00 00] "" | in the same chunk"#,
                r#"frame-part: frame of 2 bytes  [00 00 00 02] "" … | 0 of 2 payload bytes"#,
                r#"frame: frame of 2 bytes  [00 00 00 02] "bc" | whole after 2 pieces"#,
            ]
        );
    }

    #[test]
    fn a_length_made_of_letters_is_called_that() {
        let said = frames(&[b"hello\n", b"you\n"]);
        assert_eq!(
            said[0],
            "frame-too-long: frame length 1751477356? Those are the letters \"hell\" | \
             the limit is 1048576 bytes; does the sender write a length first?"
        );
        assert!(
            said[1].starts_with(r#"not-a-frame: 2 bytes  "o\n""#),
            "{said:?}"
        );
        assert!(
            said[2].starts_with(r#"not-a-frame: 4 bytes  "you\n""#),
            "{said:?}"
        );
        assert_eq!(said.len(), 3);
    }

    #[test]
    fn a_length_of_no_letters_shows_its_bytes() {
        let said = frames(&[b"\xff\xff\xff\xff"]);
        assert!(said[0].contains("frame length 4294967295? The four bytes are ff ff ff ff"));
    }

    #[test]
    fn an_end_in_the_middle_is_said() {
        assert_eq!(
            frames(&[b"\0\0\0\x05hel"])[1],
            r#"frame-unfinished: ended in the middle: frame of 5 bytes  [00 00 00 05] "hel" … | 3 of 5 payload bytes"#
        );
    }

    #[test]
    fn byte_by_byte_gives_the_same_frames_as_at_once() {
        let stream = b"\0\0\0\x05hello\0\0\0\0\0\0\0\x02hi";
        let single: Vec<&[u8]> = stream.chunks(1).collect();
        let whole = |pieces: &[&[u8]]| -> Vec<String> {
            said(ViewKind::Frames, Limits::default(), pieces)
                .into_iter()
                .filter(|shown| shown.event == "frame")
                .map(|shown| shown.words)
                .collect()
        };
        assert_eq!(whole(&single), whole(&[stream]));
        assert_eq!(whole(&single).len(), 3);
    }
}
