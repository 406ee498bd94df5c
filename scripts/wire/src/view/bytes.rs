//! `--as bytes`: every chunk as it is, in hex and as text, without any meaning.

use super::{Limits, Say, View, count};
use crate::escape::{Kept, hex};
use crate::event::{Later, Mark, Shown, Tone};

/// Bytes in one row of the dump. Sixteen fit a terminal of 80 columns.
const ROW: usize = 16;

/// Shows chunks; remembers only how far this direction has come.
pub struct Bytes {
    limits: Limits,
    /// Position of the next byte in this direction, from 0.
    offset: u64,
}

impl Bytes {
    /// A view at the start of a direction.
    pub fn new(limits: Limits) -> Self {
        Bytes { limits, offset: 0 }
    }
}

impl View for Bytes {
    fn feed(&mut self, bytes: &[u8], say: Say<'_>) {
        let offset = self.offset;
        say(&|| {
            let kept = Kept::of(bytes, self.limits.show);
            Later::new(kept.bytes().len(), move || chunk(offset, &kept))
        });
        self.offset += bytes.len() as u64;
    }

    fn end(&mut self, _say: Say<'_>) {}
}

/// One chunk that starts at `offset`.
fn chunk(offset: u64, kept: &Kept) -> Shown {
    let mut rows = dump(offset, kept.bytes());
    if kept.left_out() > 0 {
        rows.push(format!(
            "… and {} not shown",
            count(kept.left_out(), "more byte")
        ));
    }
    Shown::new("bytes", Mark::Bytes, Tone::Good, count(kept.len(), "byte"))
        .rows(rows)
        .field("offset", offset)
        .field("len", kept.len())
        .field("hex", hex(kept.bytes()))
        .field("text", String::from_utf8_lossy(kept.bytes()))
        .field("left_out", kept.left_out())
}

/// Rows of a dump: position, hex in two halves, and what is ASCII as text.
fn dump(offset: u64, bytes: &[u8]) -> Vec<String> {
    let mut rows = Vec::with_capacity(bytes.len().div_ceil(ROW));
    for (n, row) in bytes.chunks(ROW).enumerate() {
        let (left, right) = row.split_at(row.len().min(ROW / 2));
        let text: String = row
            .iter()
            .map(|&b| {
                if (0x20..0x7f).contains(&b) {
                    b as char
                } else {
                    '.'
                }
            })
            .collect();
        let at = offset + (n * ROW) as u64;
        rows.push(format!(
            "{at:>5}  {:<23}  {:<23}  {text}",
            hex(left),
            hex(right)
        ));
    }
    rows
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::view::{ViewKind, said};

    #[test]
    fn hex_and_text_stand_side_by_side_and_positions_go_on() {
        let shown = said(
            ViewKind::Bytes,
            Limits::default(),
            &[b"xiaoming hello world\n", b"!"],
        );
        assert_eq!(shown[0].words, "21 bytes");
        assert_eq!(
            shown[0].rows,
            [
                "    0  78 69 61 6f 6d 69 6e 67  20 68 65 6c 6c 6f 20 77  xiaoming hello w",
                "   16  6f 72 6c 64 0a                                    orld.",
            ]
        );
        assert_eq!(shown[1].words, "1 byte");
        assert!(
            shown[1].rows[0].starts_with("   21  21 "),
            "{:?}",
            shown[1].rows
        );
    }

    #[test]
    fn a_long_chunk_is_cut_at_the_bound_and_says_so() {
        let limits = Limits {
            show: 32,
            ..Limits::default()
        };
        let shown = said(ViewKind::Bytes, limits, &[&[7; 100]]);
        assert_eq!(shown[0].rows.len(), 3);
        assert_eq!(shown[0].rows[2], "… and 68 more bytes not shown");
    }
}
