//! `--as lines`: UTF-8 text in lines. Shows where a line arrived in pieces, where several came
//! at once, and what is not UTF-8.

use super::{Limits, Say, View, count};
use crate::escape::{Kept, ends_inside_a_character, hex};
use crate::event::{Later, Mark, Shown, Tone};

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
}

impl View for Lines {
    fn feed(&mut self, bytes: &[u8], say: Say<'_>) {
        for (n, piece) in bytes.split_inclusive(|&b| b == b'\n').enumerate() {
            self.line.push(piece);
            self.pieces += 1;
            let (pieces, same_chunk) = (self.pieces, n > 0);
            if piece.ends_with(b"\n") {
                say(&|| {
                    let line = self.line.clone();
                    let piece = Kept::of(piece, self.limits.show);
                    Later::new(line.bytes().len() * 2, move || {
                        whole(&line, &piece, pieces, same_chunk)
                    })
                });
                self.line.clear();
                self.pieces = 0;
            } else {
                say(&|| {
                    let piece = Kept::of(piece, self.limits.show);
                    Later::new(piece.bytes().len(), move || {
                        part(&piece, pieces, same_chunk)
                    })
                });
            }
        }
    }

    fn end(&mut self, say: Say<'_>) {
        if !self.line.is_empty() {
            say(&|| {
                let line = self.line.clone();
                Later::new(line.bytes().len(), move || unfinished(&line))
            });
            self.line.clear();
        }
    }
}

/// `line` is whole after `pieces` pieces, of which `piece` was the last. `same_chunk`: it is
/// not the first thing in its chunk.
fn whole(line: &Kept, piece: &Kept, pieces: u64, same_chunk: bool) -> Shown {
    let text = line.quoted();
    let mut notes = Vec::new();
    let words = if pieces == 1 {
        text
    } else {
        notes.push(format!("in {pieces} pieces: {text}"));
        format!("… {}", piece.quoted())
    };
    if same_chunk {
        notes.push("in the same chunk".to_string());
    }
    // A line that was cut by our own bound can only be judged by what was kept.
    let kept = line.bytes();
    let utf8 =
        std::str::from_utf8(kept).is_ok() || (line.left_out() > 0 && ends_inside_a_character(kept));
    if !utf8 {
        notes.push("not UTF-8".to_string());
    }
    let tone = if utf8 { Tone::Good } else { Tone::Wrong };
    Shown::new("line", Mark::Bytes, tone, words)
        .note(notes.join("; "))
        .field("len", line.len())
        .field("pieces", pieces)
        .field("text", String::from_utf8_lossy(kept))
        .field("hex", hex(kept))
        .field("utf8", utf8)
        .field("left_out", line.left_out())
}

/// `piece` arrived, number `pieces` of its line, and the line is not whole yet.
fn part(piece: &Kept, pieces: u64, same_chunk: bool) -> Shown {
    let before = if pieces > 1 { "… " } else { "" };
    let mut note = String::from("no line end yet");
    if piece.left_out() == 0 && ends_inside_a_character(piece.bytes()) {
        note.push_str(", cut inside a character");
    }
    if same_chunk {
        note.push_str("; in the same chunk");
    }
    let words = format!("{before}{} …", piece.quoted());
    Shown::new("line-part", Mark::Bytes, Tone::Part, words)
        .note(note)
        .field("len", piece.len())
        .field("piece", pieces)
        .field("text", String::from_utf8_lossy(piece.bytes()))
        .field("hex", hex(piece.bytes()))
        .field("left_out", piece.left_out())
}

/// The direction has ended and `line` has not.
fn unfinished(line: &Kept) -> Shown {
    let words = format!("the last line has no end: {}", line.quoted());
    Shown::new("line-unfinished", Mark::Bytes, Tone::Wrong, words)
        .note(count(line.len(), "byte"))
        .field("len", line.len())
        .field("text", String::from_utf8_lossy(line.bytes()))
        .field("hex", hex(line.bytes()))
        .field("left_out", line.left_out())
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
                pair(r#"… "ming\n""#, r#"in 2 pieces: "xiaoming\n""#),
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
                pair(r#""\xe5\xb0" …"#, "no line end yet, cut inside a character"),
                pair(r#"… "\x8f\n""#, r#"in 2 pieces: "小\n""#),
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
