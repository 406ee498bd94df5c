//! Two kinds of error meet in this loop. An error of `calculate` is the result of one call: it is sent as the reply,
//! and the loop goes on. An error of `read` or `write` concerns the connection, and `?` ends it, because no reply can
//! be sent any more. The error comes without a value, so that a client cannot use the value by accident. The
//! length saturates at 255, and the text is cut to it; `as u8` would turn 256 into 0.

use std::io::{self, Read, Write};
use std::net::TcpStream;

// Given in given.rs, beside this file: `calculate`.
pub use super::given::*;

/// Serves a calculator to one client until the client has finished sending.
pub fn serve(mut stream: TcpStream) -> io::Result<()> {
    loop {
        let mut call = [0; 3];
        if stream.read(&mut call[..1])? == 0 {
            return Ok(());
        }
        stream.read_exact(&mut call[1..])?;
        let reply = match calculate(call) {
            Ok(value) => vec![0, value],
            Err(text) => error_reply(&text),
        };
        stream.write_all(&reply)?;
    }
}

/// A byte 1, the length of the text, and the text.
fn error_reply(text: &str) -> Vec<u8> {
    let length = u8::try_from(text.len()).unwrap_or(u8::MAX);
    let text = &text.as_bytes()[..usize::from(length)];
    [&[1, length], text].concat()
}
