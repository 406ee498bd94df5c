//! The rules of the conversation, without any network. The code that reads bytes passes them to
//! [`Lines`] and gets lines back. Where a line ends, how long it may be, and what the answer is, is decided here
//! for both servers.

use std::time::Duration;
use std::{fmt, io};

/// The default address of the server.
pub const DEFAULT_ADDR: &str = "127.0.0.1:8080";

// ANCHOR: settings
/// The limits of the server. Without such limits one client can stop it for all others.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// The longest line, in bytes: a client cannot make the server store more.
    pub max_line: usize,
    /// The time for each line, from the answer before it to its newline. It ends idle
    /// clients as well as slow ones, because both take one of the connections.
    pub line_timeout: Duration,
    /// How many clients are served at the same time; one more is refused.
    pub max_clients: usize,
    /// Called for each event; the demo prints them.
    pub observe: fn(Event<'_>),
}
// ANCHOR_END: settings

impl Default for Settings {
    fn default() -> Self {
        Settings {
            max_line: 256,
            line_timeout: Duration::from_secs(30),
            max_clients: 100,
            observe: |_| {},
        }
    }
}

/// What the server finds in the bytes of a client.
#[derive(Clone, Copy, Debug)]
pub enum Event<'a> {
    /// One read gave these bytes.
    Read(&'a [u8]),
    /// One read gave 0 bytes: the client has finished.
    Finished,
    /// The client is told the reason, and then the connection is closed.
    Refused(Refusal),
}

/// The time for which a refused client may still send before its connection is closed.
pub const LINGER: Duration = Duration::from_millis(200);
/// The number of bytes that a refused client may still send before its connection is closed.
pub const LINGER_BYTES: u64 = 64 * 1024;

/// The longest answer that a client accepts, in bytes: a server can misbehave, too.
pub const ANSWER_LIMIT: usize = 64 * 1024;

/// The line that a client sends for a name.
///
/// # Errors
/// `InvalidInput` if the name is no line: a newline in it would make two calls out of one.
pub fn request(name: &str) -> io::Result<String> {
    if name.contains('\n') {
        let words = "a name with a newline in it would be two names";
        return Err(io::Error::new(io::ErrorKind::InvalidInput, words));
    }
    Ok(format!("{name}\n"))
}

/// The answer in the bytes that a client has read, up to a newline or the end of the stream.
///
/// # Errors
/// `UnexpectedEof` if there is no newline, `InvalidData` if the bytes are not text.
pub fn answer(mut bytes: Vec<u8>) -> io::Result<String> {
    if bytes.pop() != Some(b'\n') {
        let words = "the server ended the connection before it had answered";
        return Err(io::Error::new(io::ErrorKind::UnexpectedEof, words));
    }
    let words = "the answer is not UTF-8";
    String::from_utf8(bytes).map_err(|_| io::Error::new(io::ErrorKind::InvalidData, words))
}

/// The answer to a name. The space between the two is part of the protocol.
pub fn reply(name: &str) -> String {
    format!("{name} hello world\n")
}

/// Why a conversation ends before the client wants it to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The line has no end within the limit.
    TooLong,
    /// The bytes of the line are no UTF-8.
    NotText,
    /// The line was not complete in time.
    TooSlow,
    /// The client finished in the middle of a line.
    Unfinished,
    /// The connection limit is reached.
    Full,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Refusal::TooLong => "the line is too long",
            Refusal::NotText => "the line is not UTF-8",
            Refusal::TooSlow => "the line took too long",
            Refusal::Unfinished => "the line has no end",
            Refusal::Full => "too many clients, try again later",
        })
    }
}

impl std::error::Error for Refusal {}

impl Refusal {
    /// The line that the client gets. Only the word `error` marks it: an answer and an error share one
    /// channel here, and lesson 02 gives each a place of its own.
    pub fn line(self) -> String {
        format!("error: {self}\n")
    }
}

/// Why a conversation was not finished by the client. The two end differently: a refusal is told to
/// the client, and after an error the connection is gone.
#[derive(Debug)]
pub enum Ended {
    /// The client broke a rule.
    Refused(Refusal),
    /// The connection broke.
    Broken(io::Error),
}

impl From<Refusal> for Ended {
    fn from(refusal: Refusal) -> Self {
        Ended::Refused(refusal)
    }
}

impl From<io::Error> for Ended {
    fn from(error: io::Error) -> Self {
        Ended::Broken(error)
    }
}

// ANCHOR: lines
/// Bytes in, lines out. A read returns any piece of the stream, so bytes that are
/// not a whole line yet stay here.
#[derive(Debug)]
pub struct Lines {
    pending: Vec<u8>,
    limit: usize,
}

impl Lines {
    /// Lines of at most `limit` bytes, the newline not counted.
    pub fn new(limit: usize) -> Self {
        Lines {
            pending: Vec::new(),
            limit,
        }
    }

    /// Adds what one read gave: part of a line, or several.
    pub fn push(&mut self, bytes: &[u8]) {
        self.pending.extend_from_slice(bytes);
    }

    /// The next whole line, without its newline; `None`: more bytes are needed.
    ///
    /// # Errors
    /// If the line is too long, or not UTF-8.
    pub fn next_line(&mut self) -> Result<Option<String>, Refusal> {
        let end = self.pending.iter().position(|byte| *byte == b'\n');
        // Without a newline, all of `pending` is the beginning of one line.
        if end.unwrap_or(self.pending.len()) > self.limit {
            return Err(Refusal::TooLong);
        }
        let Some(end) = end else { return Ok(None) };
        let mut line: Vec<u8> = self.pending.drain(..=end).collect();
        line.pop();
        // Decoded only now: a character may come in two pieces.
        String::from_utf8(line)
            .map(Some)
            .map_err(|_| Refusal::NotText)
    }

    /// Returns whether no byte is left. Otherwise the stream ended inside a line.
    pub fn is_empty(&self) -> bool {
        self.pending.is_empty()
    }
}
// ANCHOR_END: lines

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_may_come_in_pieces_and_two_lines_in_one() {
        let mut lines = Lines::new(16);
        lines.push("gop".as_bytes());
        assert_eq!(lines.next_line(), Ok(None));
        lines.push("her\nferris\nhal".as_bytes());
        assert_eq!(lines.next_line(), Ok(Some("gopher".to_string())));
        assert_eq!(lines.next_line(), Ok(Some("ferris".to_string())));
        assert_eq!(lines.next_line(), Ok(None));
        assert!(!lines.is_empty());
    }

    #[test]
    fn a_character_may_be_cut() {
        let mut lines = Lines::new(16);
        lines.push(&[0xe4]);
        assert_eq!(lines.next_line(), Ok(None));
        lines.push(&[0xbd, 0xa0, b'\n']);
        assert_eq!(lines.next_line(), Ok(Some("你".to_string())));
    }

    #[test]
    fn the_limit_counts_bytes_and_holds_without_a_newline() {
        let mut lines = Lines::new(4);
        lines.push(b"four\n");
        assert_eq!(lines.next_line(), Ok(Some("four".to_string())));
        lines.push(b"fives");
        assert_eq!(lines.next_line(), Err(Refusal::TooLong));
        let mut lines = Lines::new(4);
        lines.push(b"fives\n");
        assert_eq!(lines.next_line(), Err(Refusal::TooLong));
    }

    #[test]
    fn bytes_that_are_no_text_are_refused() {
        let mut lines = Lines::new(4);
        lines.push(b"\xff\n");
        assert_eq!(lines.next_line(), Err(Refusal::NotText));
    }

    #[test]
    fn the_space_is_part_of_the_protocol() {
        assert_eq!(reply("wire"), "wire hello world\n");
    }
}
