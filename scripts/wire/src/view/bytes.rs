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
        let kept = Kept::of(bytes, self.limits.show);
        say(Later::about(kept, move |kept| chunk(offset, kept)));
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
        .bytes(kept)
}

/// Rows of a dump: position, hex in two halves, and what is ASCII as text.
fn dump(offset: u64, bytes: &[u8]) -> Vec<String> {
    let row = |(n, row): (usize, &[u8])| {
        let (left, right) = row.split_at(row.len().min(ROW / 2));
        let printable = |byte: &u8| {
            if (0x20..0x7f).contains(byte) {
                *byte
            } else {
                b'.'
            }
        };
        let text: String = row.iter().map(|byte| char::from(printable(byte))).collect();
        let at = offset + (n * ROW) as u64;
        let (left, right) = (hex(left), hex(right));
        format!("{at:>5}  {left:<23}  {right:<23}  {text}")
    };
    bytes.chunks(ROW).enumerate().map(row).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::view::{Reading, ViewKind, said};

    const BYTES: Reading = Reading::Plain(ViewKind::Bytes);

    #[test]
    fn hex_and_text_stand_side_by_side_and_positions_go_on() {
        let pieces: [&[u8]; 2] = [b"xiaoming hello world\n", b"!"];
        let shown = said(&BYTES, Limits::default(), &pieces);
        assert_eq!(shown[0].words, "21 bytes");
        assert_eq!(
            shown[0].rows,
            [
                "    0  78 69 61 6f 6d 69 6e 67  20 68 65 6c 6c 6f 20 77  xiaoming hello w",
                "   16  6f 72 6c 64 0a                                    orld.",
            ]
        );
        assert_eq!(shown[1].words, "1 byte");
        let row = &shown[1].rows[0];
        assert!(row.starts_with("   21  21 "), "{row}");
    }

    #[test]
    fn a_long_chunk_is_cut_at_the_bound_and_says_so() {
        let limits = Limits {
            show: 32,
            ..Limits::default()
        };
        let shown = said(&BYTES, limits, &[&[7; 100]]);
        assert_eq!(shown[0].rows.len(), 3);
        assert_eq!(shown[0].rows[2], "… and 68 more bytes not shown");
    }
}
