//! `--as lines`: UTF-8 text in lines. Shows where a line arrived in pieces, where several came
//! at once, and what is not UTF-8.

use super::{Limits, Say, View, count};
use crate::escape::{Kept, ends_inside_a_character, hex, quoted};
use crate::event::{Mark, Shown, Tone};

/// Collects the line that is under way.
pub struct Lines {
    limits: Limits,
    line: Kept,
    /// In how many pieces the line has arrived so far.
    pieces: u64,
}

impl Lines {
    /// A view at the start of a direction.
    pub fn new(limits: Limits) -> Self {
        Lines {
            limits,
            line: Kept::new(limits.show),
            pieces: 0,
        }
    }

    /// The line is whole; `piece` is what arrived of it last. `same_chunk`: it is not the
    /// first thing in its chunk.
    fn whole(&self, piece: &[u8], same_chunk: bool) -> Shown {
        let text = self.line.quoted();
        let mut notes = Vec::new();
        let words = if self.pieces == 1 {
            text
        } else {
            notes.push(format!("line whole after {} pieces: {text}", self.pieces));
            format!("… {}", Kept::of(piece, self.limits.show).quoted())
        };
        if same_chunk {
            notes.push("in the same chunk".to_string());
        }
        // A line that was cut by our own bound can only be judged by what was kept.
        let kept = self.line.bytes();
        let utf8 = std::str::from_utf8(kept).is_ok()
            || (self.line.left_out() > 0 && ends_inside_a_character(kept));
        if !utf8 {
            notes.push("not UTF-8".to_string());
        }
        let tone = if utf8 { Tone::Good } else { Tone::Wrong };
        Shown::new("line", Mark::Bytes, tone, words)
            .note(notes.join("; "))
            .field("len", self.line.len())
            .field("pieces", self.pieces)
            .field("text", String::from_utf8_lossy(kept))
            .field("hex", hex(kept))
            .field("utf8", utf8)
            .field("left_out", self.line.left_out())
    }

    /// `piece` arrived and the line is not whole yet.
    fn part(&self, piece: &[u8], same_chunk: bool) -> Shown {
        let piece = Kept::of(piece, self.limits.show);
        let before = if self.pieces > 1 { "… " } else { "" };
        let mut note = String::from("no line end yet");
        if piece.left_out() == 0 && ends_inside_a_character(piece.bytes()) {
            note.push_str(", and the cut is inside a character");
        }
        if same_chunk {
            note.push_str("; in the same chunk");
        }
        Shown::new(
            "line-part",
            Mark::Bytes,
            Tone::Part,
            format!("{before}{} …", piece.quoted()),
        )
        .note(note)
        .field("len", piece.len())
        .field("piece", self.pieces)
        .field("text", String::from_utf8_lossy(piece.bytes()))
        .field("hex", hex(piece.bytes()))
        .field("left_out", piece.left_out())
    }
}

impl View for Lines {
    fn feed(&mut self, bytes: &[u8], say: Say<'_>) {
        for (n, piece) in bytes.split_inclusive(|&b| b == b'\n').enumerate() {
            self.line.push(piece);
            self.pieces += 1;
            if piece.ends_with(b"\n") {
                say(&|| self.whole(piece, n > 0));
                self.line.clear();
                self.pieces = 0;
            } else {
                say(&|| self.part(piece, n > 0));
            }
        }
    }

    fn end(&mut self, say: Say<'_>) {
        if self.line.is_empty() {
            return;
        }
        say(&|| {
            let words = format!("the last line has no end: {}", quoted(self.line.bytes()));
            Shown::new("line-unfinished", Mark::Bytes, Tone::Wrong, words)
                .note(count(self.line.len(), "byte"))
                .field("len", self.line.len())
                .field("text", String::from_utf8_lossy(self.line.bytes()))
                .field("hex", hex(self.line.bytes()))
                .field("left_out", self.line.left_out())
        });
        self.line.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::view::{ViewKind, said};

    fn lines(pieces: &[&[u8]]) -> Vec<(String, String)> {
        said(ViewKind::Lines, Limits::default(), pieces)
            .into_iter()
            .map(|shown| (shown.words, shown.note))
            .collect()
    }

    fn pair(words: &str, note: &str) -> (String, String) {
        (words.to_string(), note.to_string())
    }

    #[test]
    fn a_line_in_one_chunk_is_just_the_line() {
        assert_eq!(lines(&[b"xiaoming\n"]), [pair(r#""xiaoming\n""#, "")]);
    }

    #[test]
    fn a_line_in_two_pieces_says_what_was_missing() {
        assert_eq!(
            lines(&[b"xiao", b"ming\n"]),
            [
                pair(r#""xiao" …"#, "no line end yet"),
                pair(
                    r#"… "ming\n""#,
                    r#"line whole after 2 pieces: "xiaoming\n""#
                ),
            ]
        );
    }

    #[test]
    fn several_lines_in_one_chunk_are_told_apart() {
        assert_eq!(
            lines(&[b"a\r\nb\nc"]),
            [
                pair(r#""a\r\n""#, ""),
                pair(r#""b\n""#, "in the same chunk"),
                pair(r#""c" …"#, "no line end yet; in the same chunk"),
                pair(r#"the last line has no end: "c""#, "1 byte"),
            ]
        );
    }

    #[test]
    fn a_character_cut_in_two_is_whole_again_in_the_line() {
        let bytes = "小\n".as_bytes();
        assert_eq!(
            lines(&[&bytes[..2], &bytes[2..]]),
            [
                pair(
                    r#""\xe5\xb0" …"#,
                    "no line end yet, and the cut is inside a character"
                ),
                pair(r#"… "\x8f\n""#, r#"line whole after 2 pieces: "小\n""#),
            ]
        );
    }

    #[test]
    fn bytes_that_are_no_utf8_are_escaped_and_said() {
        assert_eq!(lines(&[b"a\xff\n"]), [pair(r#""a\xff\n""#, "not UTF-8")]);
    }

    #[test]
    fn a_line_without_end_is_kept_only_up_to_the_bound() {
        let mut view = Lines::new(Limits {
            show: 8,
            ..Limits::default()
        });
        for _ in 0..1000 {
            view.feed(&[b'a'; 1000], &mut |_| {});
        }
        assert_eq!((view.line.bytes().len(), view.line.len()), (8, 1_000_000));
    }
}
