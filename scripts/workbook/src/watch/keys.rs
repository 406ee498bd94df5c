//! Reads the keyboard, key by key.

use std::io::{ErrorKind, IsTerminal, Read};

/// What the learner pressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Key {
    /// A letter (small), a sign, or Enter as `\n`.
    Char(char),
    /// Ctrl-D, or the end of the input.
    End,
}

/// More bytes than this at once were not typed: a paste must not press `x` twice.
const TYPED: usize = 4;

/// Sends keys until `tell` says that nobody listens.
///
/// Without a terminal no key is taken, but a pipe that closes ends the watch: whoever started us
/// has gone. `/dev/null` does not end it: that is what a background job gets.
pub fn listen(tell: impl Fn(Key) -> bool + Send + 'static) {
    std::thread::spawn(move || {
        let mut input = std::io::stdin();
        let keyboard = input.is_terminal();
        if !keyboard && !is_pipe() {
            return;
        }
        let mut bytes = [0; 256];
        loop {
            let keys = match input.read(&mut bytes) {
                Ok(0) => vec![Key::End],
                Ok(n) if keyboard => decode(&bytes[..n]),
                Ok(_) => continue,
                Err(e) if e.kind() == ErrorKind::Interrupted => continue,
                Err(_) => vec![Key::End],
            };
            for key in keys {
                if !tell(key) || key == Key::End {
                    return;
                }
            }
        }
    });
}

#[cfg(unix)]
fn is_pipe() -> bool {
    use rustix::fs::{FileType, fstat};
    fstat(std::io::stdin()).is_ok_and(|stat| {
        matches!(
            FileType::from_raw_mode(stat.st_mode),
            FileType::Fifo | FileType::Socket
        )
    })
}

#[cfg(not(unix))]
fn is_pipe() -> bool {
    false
}

/// The keys in what one read gave. An arrow or a function key comes as an escape sequence in one
/// piece; it means nothing here.
fn decode(bytes: &[u8]) -> Vec<Key> {
    const ESCAPE: u8 = 0x1b;
    const CTRL_C: u8 = 3;
    const CTRL_D: u8 = 4;
    if bytes.len() > TYPED || (bytes.first() == Some(&ESCAPE) && bytes.len() > 1) {
        return Vec::new();
    }
    bytes
        .iter()
        .filter_map(|byte| match *byte {
            CTRL_C | CTRL_D => Some(Key::End),
            b'\r' | b'\n' => Some(Key::Char('\n')),
            byte if byte.is_ascii_graphic() || byte == ESCAPE => {
                Some(Key::Char(char::from(byte.to_ascii_lowercase())))
            }
            _ => None,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arrows_and_pastes_are_no_keys() {
        assert_eq!(decode(b"n"), [Key::Char('n')]);
        assert_eq!(decode(b"Q"), [Key::Char('q')]);
        assert_eq!(decode(b"\x04"), [Key::End]);
        assert_eq!(decode(b"\x1b[A"), []);
        assert_eq!(decode(b"fix xxx in exercise"), []);
        assert_eq!(decode("é".as_bytes()), []);
    }
}
