use std::io::{self, Read, Write};
use std::net::TcpStream;

// Given in given.rs, beside this file: `calculate`.
pub use super::given::*;

/// Serves a calculator to one client until the client has finished sending.
///
/// * A call has three bytes: the operation (`+`, `-`, `*` or `/`) and two numbers. `calculate` takes them.
/// * The reply to a value: a byte 0 and the value.
/// * The reply to an error: a byte 1, the length of the text in bytes (one byte), and the text. No value. Of a text
///   with more than 255 bytes the first 255 are sent.
/// * The client ends the connection after a whole call: return `Ok(())`. In the middle of a call: `UnexpectedEof`.
/// * Any other error of `read` or `write` is returned.
///
/// So far a failed call ends the connection.
pub fn serve(mut stream: TcpStream) -> io::Result<()> {
    loop {
        let mut call = [0; 3];
        if stream.read(&mut call[..1])? == 0 {
            return Ok(());
        }
        stream.read_exact(&mut call[1..])?;
        let value = calculate(call).map_err(io::Error::other)?;
        stream.write_all(&[0, value])?;
    }
}
