//! `--as frames`: a length (u32, big-endian, four bytes), then as many bytes of payload, as in
//! lesson 01. Shows frames that arrive in pieces, and a length that cannot be one.

use super::delimited::{Delimited, Format, Message, NoLength};
use super::{Limits, count, in_pieces, in_same_chunk};
use crate::escape::{Kept, hex, quoted};
use crate::event::{Mark, Shown, Tone};

/// Bytes of the length in front of every payload.
const HEAD: usize = 4;

/// Frames, as far as these limits allow.
#[derive(Clone)]
pub struct Frames(Limits);

/// A view at the start of a direction.
pub fn view(limits: Limits) -> Delimited<Frames> {
    Delimited::new(limits, Frames(limits))
}

impl Format for Frames {
    fn limit(&self) -> usize {
        self.0.show
    }

    fn length(&self, head: &[u8]) -> Result<Option<u64>, NoLength> {
        match head.try_into().map(u32::from_be_bytes) {
            Ok(len) if len > self.0.max_frame => Err(NoLength),
            known => Ok(known.ok().map(u64::from)),
        }
    }

    fn whole(&self, frame: &Message, same_chunk: bool) -> Shown {
        let (len, head) = (count(frame.body.len(), "byte"), hex(&frame.head));
        let words = format!("frame of {len}  [{head}] {}", frame.body.quoted());
        Shown::new("frame", Mark::Bytes, Tone::Good, words)
            .notes([in_pieces(frame.pieces), in_same_chunk(same_chunk)])
            .field("pieces", frame.pieces)
            .bytes(&frame.body)
    }

    fn part(&self, frame: &Message, ended: bool) -> Shown {
        let (event, tone, lead) = match ended {
            false => ("frame-part", Tone::Part, ""),
            true => ("frame-unfinished", Tone::Wrong, "ended in the middle: "),
        };
        let (known, body) = (hex(&frame.head), &frame.body);
        let Some(len) = frame.len else {
            let have = frame.head.len();
            let missing = " --".repeat(HEAD - have);
            let words = format!("{lead}{have} of {HEAD} length bytes  [{known}{missing}]");
            return Shown::new(event, Mark::Bytes, tone, words)
                .field("head", have)
                .field("hex", known);
        };
        let (have, of) = (body.len(), count(len, "byte"));
        let words = format!("{lead}{have} of {of}  [{known}] {} …", body.quoted());
        Shown::new(event, Mark::Bytes, tone, words)
            .field("len", len)
            .field("have", have)
            .field("hex", hex(body.bytes()))
            .field("text", String::from_utf8_lossy(body.bytes()))
    }

    fn no_length(&self, head: &[u8]) -> Shown {
        let len = head.try_into().map_or(0, u32::from_be_bytes);
        let limit = self.0.max_frame;
        let letters = |b: &u8| matches!(b, 0x20..0x7f | b'\n' | b'\r' | b'\t');
        let what = match head.iter().all(letters) {
            true => format!("Those are the letters {}", quoted(head)),
            false => format!("The four bytes are {}", hex(head)),
        };
        let words = format!("frame length {len}? {what}");
        Shown::new("frame-too-long", Mark::Bytes, Tone::Wrong, words)
            .note(format!("limit {limit} bytes; is a length sent at all?"))
            .field("frame_len", len)
            .field("limit", limit)
            .field("hex", hex(head))
            .field("text", String::from_utf8_lossy(head))
    }

    fn stray(kept: &Kept) -> Shown {
        let words = format!("{}  {}", count(kept.len(), "byte"), kept.quoted());
        Shown::new("not-a-frame", Mark::Bytes, Tone::Wrong, words)
            .note("outside any frame")
            .bytes(kept)
    }
}

#[cfg(test)]
mod tests {
    use crate::view::{Limits, Reading, ViewKind, lines, said};

    fn frames(pieces: &[&[u8]]) -> Vec<String> {
        lines(&said(
            &Reading::Plain(ViewKind::Frames),
            Limits::default(),
            pieces,
        ))
    }

    #[test]
    fn frames_whole_in_pieces_and_in_one_chunk() {
        let cases: [(&[&[u8]], &[&str]); 6] = [
            (
                &[b"\0\0\0\x05hello"],
                &[r#"frame: frame of 5 bytes  [00 00 00 05] "hello" ()"#],
            ),
            (
                &[b"\0\0", b"\0\x05hel", b"lo"],
                &[
                    "frame-part: 2 of 4 length bytes  [00 00 -- --] ()",
                    r#"frame-part: 3 of 5 bytes  [00 00 00 05] "hel" … ()"#,
                    r#"frame: frame of 5 bytes  [00 00 00 05] "hello" (in 3 pieces)"#,
                ],
            ),
            (
                &[b"\0\0\0\x01a\0\0\0\0\0\0\0\x02", b"bc"],
                &[
                    r#"frame: frame of 1 byte  [00 00 00 01] "a" ()"#,
                    r#"frame: frame of 0 bytes  [00 00 00 00] "" (in the same chunk)"#,
                    r#"frame-part: 0 of 2 bytes  [00 00 00 02] "" … ()"#,
                    r#"frame: frame of 2 bytes  [00 00 00 02] "bc" (in 2 pieces)"#,
                ],
            ),
            (
                &[b"hello\n", b"you\n"],
                &[
                    "frame-too-long: frame length 1751477356? Those are the letters \"hell\" \
                     (limit 1048576 bytes; is a length sent at all?)",
                    r#"not-a-frame: 2 bytes  "o\n" (outside any frame)"#,
                    r#"not-a-frame: 4 bytes  "you\n" (outside any frame)"#,
                ],
            ),
            (
                &[b"\xff\xff\xff\xff"],
                &[
                    "frame-too-long: frame length 4294967295? The four bytes are ff ff ff ff \
                     (limit 1048576 bytes; is a length sent at all?)",
                ],
            ),
            (
                &[b"\0\0\0\x05hel"],
                &[
                    r#"frame-part: 3 of 5 bytes  [00 00 00 05] "hel" … ()"#,
                    r#"frame-unfinished: ended in the middle: 3 of 5 bytes  [00 00 00 05] "hel" … ()"#,
                ],
            ),
        ];
        for (pieces, expected) in cases {
            assert_eq!(frames(pieces), expected);
        }
    }
}
