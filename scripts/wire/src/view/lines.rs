//! `--as lines`: UTF-8 text in lines. Shows where a line arrived in pieces, where several came
//! at once, and what is not UTF-8.

use super::{Limits, Say, View, count, in_pieces, in_same_chunk};
use crate::escape::{Kept, ends_inside_a_character};
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
            let last = Kept::of(piece, self.limits.show);
            if piece.ends_with(b"\n") {
                let line = self.line.clone();
                say(Later::new(line.bytes().len() * 2, move || {
                    whole(&line, &last, pieces, same_chunk)
                }));
                self.line.clear();
                self.pieces = 0;
            } else {
                say(Later::about(last, move |last| {
                    part(last, pieces, same_chunk)
                }));
            }
        }
    }

    fn end(&mut self, say: Say<'_>) {
        if !self.line.is_empty() {
            say(Later::about(self.line.clone(), unfinished));
            self.line.clear();
        }
    }
}

/// `line` is whole after `pieces` pieces, of which `piece` was the last. `same_chunk`: it is
/// not the first thing in its chunk.
fn whole(line: &Kept, piece: &Kept, pieces: u64, same_chunk: bool) -> Shown {
    let text = line.quoted();
    let (words, in_pieces) = match in_pieces(pieces) {
        None => (text, None),
        Some(note) => (
            format!("… {}", piece.quoted()),
            Some(format!("{note}: {text}")),
        ),
    };
    // A line that was cut by our own bound can only be judged by what was kept.
    let kept = line.bytes();
    let utf8 =
        std::str::from_utf8(kept).is_ok() || (line.left_out() > 0 && ends_inside_a_character(kept));
    let not_utf8 = (!utf8).then(|| "not UTF-8".to_string());
    let tone = if utf8 { Tone::Good } else { Tone::Wrong };
    Shown::new("line", Mark::Bytes, tone, words)
        .notes([in_pieces, in_same_chunk(same_chunk), not_utf8])
        .field("pieces", pieces)
        .field("utf8", utf8)
        .bytes(line)
}

/// `piece` arrived, number `pieces` of its line, and the line is not whole yet.
fn part(piece: &Kept, pieces: u64, same_chunk: bool) -> Shown {
    let before = if pieces > 1 { "… " } else { "" };
    let cut = piece.left_out() == 0 && ends_inside_a_character(piece.bytes());
    let note = match cut {
        true => "no line end yet, cut inside a character",
        false => "no line end yet",
    };
    let words = format!("{before}{} …", piece.quoted());
    Shown::new("line-part", Mark::Bytes, Tone::Part, words)
        .notes([Some(note.to_string()), in_same_chunk(same_chunk)])
        .field("piece", pieces)
        .bytes(piece)
}

/// The direction has ended and `line` has not.
fn unfinished(line: &Kept) -> Shown {
    let words = format!("the last line has no end: {}", line.quoted());
    Shown::new("line-unfinished", Mark::Bytes, Tone::Wrong, words)
        .note(count(line.len(), "byte"))
        .bytes(line)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::view::{Reading, ViewKind, lines, said};

    #[test]
    fn lines_whole_in_pieces_and_in_one_chunk() {
        let cases: [(&[&[u8]], &[&str]); 5] = [
            (&[b"xiaoming\n"], &[r#"line: "xiaoming\n" ()"#]),
            (
                &[b"xiao", b"ming\n"],
                &[
                    r#"line-part: "xiao" … (no line end yet)"#,
                    r#"line: … "ming\n" (in 2 pieces: "xiaoming\n")"#,
                ],
            ),
            (
                &[b"a\r\nb\nc"],
                &[
                    r#"line: "a\r\n" ()"#,
                    r#"line: "b\n" (in the same chunk)"#,
                    r#"line-part: "c" … (no line end yet; in the same chunk)"#,
                    r#"line-unfinished: the last line has no end: "c" (1 byte)"#,
                ],
            ),
            // A character cut in two is whole again in the line.
            (
                &[b"\xe5\xb0", b"\x8f\n"],
                &[
                    r#"line-part: "\xe5\xb0" … (no line end yet, cut inside a character)"#,
                    r#"line: … "\x8f\n" (in 2 pieces: "小\n")"#,
                ],
            ),
            (&[b"a\xff\n"], &[r#"line: "a\xff\n" (not UTF-8)"#]),
        ];
        for (pieces, expected) in cases {
            let said = said(&Reading::Plain(ViewKind::Lines), Limits::default(), pieces);
            assert_eq!(lines(&said), expected);
        }
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
