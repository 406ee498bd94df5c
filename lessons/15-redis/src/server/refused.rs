//! Error replies, in Redis' own words. Clients branch on the first word, and people search for the whole line.

use crate::resp::Value;

/// So much of a client's words is quoted in an error.
const MOST: usize = 128;

/// An error for the client: its kind, a space, and words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused(Vec<u8>);

/// The result of a command.
pub type Answer = Result<Value, Refused>;

impl Refused {
    /// An error with these words, the kind first.
    pub fn new(words: impl Into<Vec<u8>>) -> Refused {
        Refused(words.into())
    }

    /// An error that quotes at most 128 bytes of what a client has sent.
    pub fn quoting(before: &str, word: &[u8], after: &str) -> Refused {
        Refused([before.as_bytes(), text(word, MOST), after.as_bytes()].concat())
    }

    /// An unknown option, or two that exclude each other.
    pub fn syntax() -> Refused {
        Refused::new("ERR syntax error")
    }

    /// Returns the error for a word that should be a number.
    pub fn no_integer() -> Refused {
        Refused::new("ERR value is not an integer or out of range")
    }

    /// A time to live that is none, or that ends after the end of time.
    pub fn expire_time(command: &str) -> Refused {
        Refused::new(format!("ERR invalid expire time in '{command}' command"))
    }

    /// Returns the error for too few words, or too many.
    pub fn arity(command: &str) -> Refused {
        Refused::new(format!(
            "ERR wrong number of arguments for '{command}' command"
        ))
    }

    /// A command that is not here. One that runs scripts is named as such; else it quotes the first 128 bytes of what was sent with it.
    pub fn unknown(words: &[Vec<u8>]) -> Refused {
        let name = words.first().map_or(&[][..], Vec::as_slice);
        let script = [&b"EVAL"[..], b"EVALSHA"].contains(&&*name.to_ascii_uppercase());
        let none = ["unknown command '", "this server runs no scripts: '"][usize::from(script)];
        let mut said = format!("ERR {none}").into_bytes();
        said.extend_from_slice(text(name, MOST));
        said.extend_from_slice(b"', with args beginning with: ");
        let before = said.len();
        for word in words.iter().skip(1) {
            let Some(room @ 1..) = MOST.checked_sub(said.len() - before) else {
                break;
            };
            said.extend([b"'", text(word, room), b"' "].concat());
        }
        Refused(said)
    }

    /// Returns the reply of an EXEC that is refused itself: EXECABORT, with this error as its
    /// reason.
    pub fn aborts(self) -> Refused {
        let mut said = b"EXECABORT Transaction discarded because of: ".to_vec();
        said.extend_from_slice(self.0.strip_prefix(b"ERR ").unwrap_or(&self.0));
        Refused(said)
    }

    /// Returns the reply that the client gets.
    pub fn value(self) -> Value {
        Value::error(self.0)
    }
}

/// At most so many bytes of a word, and none from a zero byte on: Redis prints it as a text of C.
fn text(word: &[u8], most: usize) -> &[u8] {
    let word = word.get(..most).unwrap_or(word);
    word.split(|byte| *byte == 0).next().unwrap_or_default()
}
