//! A stub has the same signature as the real thing and one more way to fail. Every way in which no
//! answer came ends in one place, `NoAnswer`; only the words `unknown`, complete with their newline,
//! are the shop's own no. A value is made from a whole and well-formed line and from nothing else:
//! there is no default that a caller could take for an answer. After trouble the stream is in an
//! unknown place (a late answer may still come), so the stub never uses it again.

use std::io::{self, BufRead, BufReader, ErrorKind, Write};
use std::net::TcpStream;
use std::time::Duration;

// Given in given.rs, beside this file: `Shop`, `ShopError`.
pub use super::given::*;

/// A shop at the other end of a connection.
pub struct FarShop {
    /// `None` once an answer was missing.
    stream: Option<BufReader<TcpStream>>,
    patience: Duration,
}

impl FarShop {
    /// No answer may keep the caller waiting for longer than `patience`. Once one was missing, every
    /// later call is `NoAnswer` too: its line could be the late answer to another question.
    pub fn new(stream: TcpStream, patience: Duration) -> Self {
        FarShop {
            stream: Some(BufReader::new(stream)),
            patience,
        }
    }

    fn ask(&mut self, what: &str, article: &str) -> Result<u32, ShopError> {
        // Taken out, and put back only after a good answer.
        let mut stream = self.stream.take().ok_or(ShopError::NoAnswer)?;
        let line = exchange(&mut stream, what, article, self.patience);
        let answer = match line.as_deref() {
            Ok("unknown") => Err(ShopError::Unknown),
            Ok(line) => line
                .strip_prefix("ok ")
                .and_then(|number| number.parse().ok())
                .ok_or(ShopError::NoAnswer),
            Err(_) => Err(ShopError::NoAnswer),
        };
        if answer != Err(ShopError::NoAnswer) {
            self.stream = Some(stream);
        }
        answer
    }
}

/// Sends one line and reads one, which is whole or an error.
fn exchange(
    stream: &mut BufReader<TcpStream>,
    what: &str,
    article: &str,
    patience: Duration,
) -> io::Result<String> {
    stream.get_ref().set_read_timeout(Some(patience))?;
    // One write: a line in two pieces would wait for the first one's receipt.
    let question = format!("{what} {article}\n");
    stream.get_mut().write_all(question.as_bytes())?;
    let mut line = String::new();
    stream.read_line(&mut line)?;
    // Without its newline the answer was cut off: `ok 3` may have been `ok 350`.
    let whole = line.strip_suffix('\n').ok_or(ErrorKind::UnexpectedEof)?;
    Ok(whole.to_string())
}

impl Shop for FarShop {
    fn price(&mut self, article: &str) -> Result<u32, ShopError> {
        self.ask("price", article)
    }

    fn stock(&mut self, article: &str) -> Result<u32, ShopError> {
        self.ask("stock", article)
    }
}
