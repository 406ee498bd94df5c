//! Keeps the beginning and the end of an output, however long it gets.

use std::collections::VecDeque;

/// Bytes kept from the beginning.
const HEAD: usize = 64 * 1024;
/// Bytes kept from the end: the failing assertion and the summary are there.
const TAIL: usize = 192 * 1024;

/// An output in bounded memory.
#[derive(Debug, Default)]
pub struct Capture {
    head: Vec<u8>,
    tail: VecDeque<u8>,
    left_out: usize,
}

impl Capture {
    /// Adds bytes at the end.
    pub fn push(&mut self, bytes: &[u8]) {
        let room = HEAD.saturating_sub(self.head.len()).min(bytes.len());
        let (head, rest) = bytes.split_at(room);
        self.head.extend_from_slice(head);
        self.tail.extend(rest);
        if self.tail.len() > TAIL {
            let over = self.tail.len() - TAIL;
            self.tail.drain(..over);
            self.left_out += over;
        }
    }

    /// The text, with a line that says how much was left out of the middle.
    pub fn text(&self) -> String {
        let mut text = String::from_utf8_lossy(&self.head).into_owned();
        if self.left_out > 0 {
            text.push_str(&format!("\n[... {} bytes left out ...]\n", self.left_out));
        }
        let (a, b) = self.tail.as_slices();
        text.push_str(&String::from_utf8_lossy(&[a, b].concat()));
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_output_keeps_both_ends_and_says_what_is_missing() {
        let mut capture = Capture::default();
        capture.push(b"first\n");
        for _ in 0..1000 {
            capture.push(&[b'x'; 1000]);
        }
        capture.push(b"\nlast\n");
        let text = capture.text();
        assert!(text.starts_with("first\n") && text.ends_with("\nlast\n"));
        assert!(text.contains("bytes left out"));
        assert!(text.len() < HEAD + TAIL + 100);
    }

    #[test]
    fn a_short_output_is_kept_whole() {
        let mut capture = Capture::default();
        capture.push(b"a");
        capture.push("你".as_bytes());
        assert_eq!(capture.text(), "a你");
    }
}
