//! `--as frames`: a length (u32, big-endian, four bytes), then as many bytes of payload, as in
//! lesson 01. Shows frames that arrive in pieces, and a length that cannot be one.

use super::{Limits, Say, View, count};
use crate::escape::{Kept, hex, quoted};
use crate::event::{Later, Mark, Shown, Tone};

/// Bytes of the length in front of every payload.
const HEAD: usize = 4;

/// Follows the frames of one direction.
pub struct Frames {
    limits: Limits,
    frame: Frame,
    /// A length was no length: where the next frame starts is unknown.
    lost: bool,
}

/// A frame as far as it has arrived.
#[derive(Clone, Default)]
struct Frame {
    head: [u8; HEAD],
    /// How many bytes of `head` are known.
    known: usize,
    /// The length and the payload so far, once the length is known.
    body: Option<(u32, Kept)>,
    /// In how many chunks it has arrived so far.
    pieces: u64,
}

impl Frames {
    /// A view at the start of a direction.
    pub fn new(limits: Limits) -> Self {
        Frames {
            limits,
            frame: Frame::default(),
            lost: false,
        }
    }

    /// Takes bytes of the length from `rest`; gives back what follows them.
    fn take_head<'a>(&mut self, rest: &'a [u8]) -> &'a [u8] {
        let frame = &mut self.frame;
        let (now, after) = rest.split_at(rest.len().min(HEAD - frame.known));
        frame.head[frame.known..frame.known + now.len()].copy_from_slice(now);
        frame.known += now.len();
        if frame.known == HEAD {
            let len = u32::from_be_bytes(frame.head);
            if len > self.limits.max_frame {
                self.lost = true;
            } else {
                frame.body = Some((len, Kept::new(self.limits.show)));
            }
        }
        after
    }

    /// Takes bytes of the payload from `rest`; gives back what follows them.
    fn take_body<'a>(&mut self, rest: &'a [u8]) -> &'a [u8] {
        let Some((len, payload)) = &mut self.frame.body else {
            return rest;
        };
        let missing = u64::from(*len) - payload.len();
        // More than `rest` can hold is as good as all of it.
        let now = usize::try_from(missing).map_or(rest.len(), |n| n.min(rest.len()));
        payload.push(&rest[..now]);
        &rest[now..]
    }
}

impl View for Frames {
    fn feed(&mut self, bytes: &[u8], say: Say<'_>) {
        let mut rest = bytes;
        let mut same_chunk = false;
        while !rest.is_empty() && !self.lost {
            self.frame.pieces += 1;
            if self.frame.body.is_none() {
                rest = self.take_head(rest);
            }
            if self.lost {
                let (head, limit) = (self.frame.head, self.limits.max_frame);
                say(&|| Later::new(0, move || too_long(head, limit)));
                break;
            }
            rest = self.take_body(rest);
            if self.frame.is_whole() {
                say(&|| self.frame.later(move |frame| frame.whole(same_chunk)));
                self.frame = Frame::default();
                same_chunk = true;
            } else {
                say(&|| {
                    self.frame
                        .later(|frame| frame.under_way("frame-part", Tone::Part, ""))
                });
            }
        }
        if self.lost && !rest.is_empty() {
            say(&|| {
                let kept = Kept::of(rest, self.limits.show);
                Later::new(kept.bytes().len(), move || outside(&kept))
            });
        }
    }

    fn end(&mut self, say: Say<'_>) {
        if self.frame.known > 0 && !self.lost {
            say(&|| {
                let lead = "ended in the middle: ";
                self.frame
                    .later(move |frame| frame.under_way("frame-unfinished", Tone::Wrong, lead))
            });
        }
        self.frame = Frame::default();
    }
}

impl Frame {
    fn is_whole(&self) -> bool {
        matches!(&self.body, Some((len, payload)) if payload.len() == u64::from(*len))
    }

    /// Something to say about the frame as it is now, later.
    fn later(&self, words: impl FnOnce(&Frame) -> Shown + Send + 'static) -> Later {
        let now = self.clone();
        let held = now.payload().len();
        Later::new(held, move || words(&now))
    }

    fn payload(&self) -> &[u8] {
        self.body
            .as_ref()
            .map_or(&[], |(_, payload)| payload.bytes())
    }

    /// The frame is whole. `same_chunk`: it is not the first in its chunk.
    fn whole(&self, same_chunk: bool) -> Shown {
        let Some((len, payload)) = &self.body else {
            return self.under_way("frame-part", Tone::Part, "");
        };
        let mut notes = Vec::new();
        if self.pieces > 1 {
            notes.push(format!("in {} pieces", self.pieces));
        }
        if same_chunk {
            notes.push("in the same chunk".to_string());
        }
        let words = format!(
            "frame of {}  [{}] {}",
            count(u64::from(*len), "byte"),
            hex(&self.head),
            payload.quoted()
        );
        Shown::new("frame", Mark::Bytes, Tone::Good, words)
            .note(notes.join("; "))
            .field("len", *len)
            .field("pieces", self.pieces)
            .field("hex", hex(payload.bytes()))
            .field("text", String::from_utf8_lossy(payload.bytes()))
            .field("left_out", payload.left_out())
    }

    /// What there is of a frame that is not whole.
    fn under_way(&self, event: &'static str, tone: Tone, lead: &str) -> Shown {
        let known = &self.head[..self.known];
        let Some((len, payload)) = &self.body else {
            let missing = " --".repeat(HEAD - self.known);
            let words = format!(
                "{lead}{} of {HEAD} length bytes  [{}{missing}]",
                self.known,
                hex(known)
            );
            return Shown::new(event, Mark::Bytes, tone, words)
                .field("head", self.known)
                .field("hex", hex(known));
        };
        let words = format!(
            "{lead}{} of {}  [{}] {} …",
            payload.len(),
            count(u64::from(*len), "byte"),
            hex(known),
            payload.quoted()
        );
        Shown::new(event, Mark::Bytes, tone, words)
            .field("len", *len)
            .field("have", payload.len())
            .field("hex", hex(payload.bytes()))
            .field("text", String::from_utf8_lossy(payload.bytes()))
    }
}

/// A length that the view does not believe.
fn too_long(head: [u8; HEAD], limit: u32) -> Shown {
    let len = u32::from_be_bytes(head);
    let letters = |b: &u8| matches!(b, 0x20..0x7f | b'\n' | b'\r' | b'\t');
    let words = if head.iter().all(letters) {
        format!(
            "frame length {len}? Those are the letters {}",
            quoted(&head)
        )
    } else {
        format!("frame length {len}? The four bytes are {}", hex(&head))
    };
    Shown::new("frame-too-long", Mark::Bytes, Tone::Wrong, words)
        .note(format!("limit {limit} bytes; is a length sent at all?"))
        .field("frame_len", len)
        .field("limit", limit)
        .field("hex", hex(&head))
        .field("text", String::from_utf8_lossy(&head))
}

/// Bytes after a length that was none.
fn outside(kept: &Kept) -> Shown {
    let words = format!("{}  {}", count(kept.len(), "byte"), kept.quoted());
    Shown::new("not-a-frame", Mark::Bytes, Tone::Wrong, words)
        .note("outside any frame")
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
                "frame-part: 2 of 4 length bytes  [00 00 -- --] | ",
                r#"frame-part: 3 of 5 bytes  [00 00 00 05] "hel" … | "#,
                r#"frame: frame of 5 bytes  [00 00 00 05] "hello" | in 3 pieces"#,
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
                r#"frame-part: 0 of 2 bytes  [00 00 00 02] "" … | "#,
                r#"frame: frame of 2 bytes  [00 00 00 02] "bc" | in 2 pieces"#,
            ]
        );
    }

    #[test]
    fn a_length_made_of_letters_is_called_that() {
        let said = frames(&[b"hello\n", b"you\n"]);
        assert_eq!(
            said[0],
            "frame-too-long: frame length 1751477356? Those are the letters \"hell\" | \
             limit 1048576 bytes; is a length sent at all?"
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
            r#"frame-unfinished: ended in the middle: 3 of 5 bytes  [00 00 00 05] "hel" … | "#
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
