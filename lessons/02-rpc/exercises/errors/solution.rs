//! Two kinds of error meet in this loop, and they must not be mixed. What `calculate` reports is an
//! answer: it travels to the caller as bytes, and the loop goes on. What `read` and `write` report
//! is about the connection, and `?` ends it: there is nobody left to tell. The error comes without
//! a value, because whoever gets both will use the value. The length is cut to what one byte can
//! say; a `as u8` would have cut it silently to something else.

use std::io::{self, Read, Write};
use std::net::TcpStream;

/// A calculator for one client, until it has finished.
pub fn serve(mut stream: TcpStream) -> io::Result<()> {
    loop {
        let mut call = [0; 3];
        if stream.read(&mut call[..1])? == 0 {
            return Ok(());
        }
        stream.read_exact(&mut call[1..])?;
        let answer = match calculate(call) {
            Ok(value) => vec![0, value],
            Err(words) => failed(&words),
        };
        stream.write_all(&answer)?;
    }
}

/// A byte 1, the length of the words, and the words.
fn failed(words: &str) -> Vec<u8> {
    let words = &words.as_bytes()[..words.len().min(255)];
    let mut answer = vec![1, u8::try_from(words.len()).unwrap_or(u8::MAX)];
    answer.extend_from_slice(words);
    answer
}

/// The value, or in words why there is none.
pub fn calculate([operation, a, b]: [u8; 3]) -> Result<u8, String> {
    let value = match operation {
        b'+' => a.checked_add(b),
        b'-' => a.checked_sub(b),
        b'*' => a.checked_mul(b),
        b'/' if b == 0 => return Err("division by zero".to_string()),
        b'/' => a.checked_div(b),
        _ => return Err(format!("no operation {operation}")),
    };
    value.ok_or(format!("{a} and {b} are too much for a byte"))
}
