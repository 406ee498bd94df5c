//! The chaos dial: what the wire can be asked to do, as values with bounds.
//!
//! The words are those of `wire --chaos`, so that a learner meets one language. They are read here
//! into numbers and written anew for the wire: no text of a request is ever passed on.

use std::fmt;

use serde::Serialize;

/// The longest delay in milliseconds: beyond it clients give up and nothing more is learnt.
const DELAY: u16 = 2000;
/// The most bytes before a cut.
const CUT: u32 = 1_000_000;

/// Where the dial stands. The default is a wire that behaves.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Dial {
    /// Every chunk leaves in small pieces.
    pub split: bool,
    /// Every chunk is held so many milliseconds.
    pub delay: u16,
    /// The connection is reset after so many bytes; 0 is never.
    pub cut_after: u32,
    /// The server is told that the client has finished, after its first chunk.
    pub half_close: bool,
}

impl Dial {
    /// Reads `none`, or words such as `split,delay=50ms,cut-after=100,half-close`, each at most
    /// once. `None` for anything else.
    pub fn parse(words: &str) -> Option<Self> {
        let mut dial = Self::default();
        if words == "none" {
            return Some(dial);
        }
        for word in words.split(',') {
            match word.split_once('=') {
                None if word == "split" && !dial.split => dial.split = true,
                None if word == "half-close" && !dial.half_close => dial.half_close = true,
                Some(("delay", value)) if dial.delay == 0 => {
                    let number = number(value.strip_suffix("ms")?)?;
                    dial.delay = u16::try_from(number).ok().filter(|n| *n <= DELAY)?;
                }
                Some(("cut-after", value)) if dial.cut_after == 0 => {
                    dial.cut_after = number(value).filter(|n| *n <= CUT)?;
                }
                _ => return None,
            }
        }
        Some(dial)
    }
}

/// A number from 1 on, digits only.
fn number(text: &str) -> Option<u32> {
    let digits = text.len() <= 7 && text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|n| digits && *n > 0)
}

impl fmt::Display for Dial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let words = [
            self.split.then(|| "split".to_owned()),
            (self.delay > 0).then(|| format!("delay={}ms", self.delay)),
            (self.cut_after > 0).then(|| format!("cut-after={}", self.cut_after)),
            self.half_close.then(|| "half-close".to_owned()),
        ];
        let words: Vec<String> = words.into_iter().flatten().collect();
        f.write_str(if words.is_empty() { "none" } else { "" })?;
        f.write_str(&words.join(","))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_read_is_written_alike() {
        let all = "split,delay=50ms,cut-after=100,half-close";
        for words in ["none", "split", "delay=2000ms", "cut-after=1000000", all] {
            let dial = Dial::parse(words).expect(words);
            assert_eq!(dial.to_string(), words);
        }
        let all = Dial::parse("half-close,split").expect("in any order");
        assert_eq!(all.to_string(), "split,half-close");
    }

    #[test]
    fn nothing_else_is_read() {
        let wrong = "none,split split,split split=3 Split split, half-close=1 delay delay=50 delay=0ms delay=2001ms \
                     delay=99999ms delay=-1ms delay=+1ms delay=1ms,delay=2ms cut-after=0 cut-after=1000001 \
                     cut-after=99999999999 cut-after=x";
        for words in wrong.split(' ').chain(["", " split", "half-close\nquit"]) {
            assert_eq!(Dial::parse(words), None, "{words:?}");
        }
    }
}
