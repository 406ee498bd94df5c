//! Accepted: calls are read through a `BufReader`, and the text is cut before its length is taken.

use std::io::{self, BufReader, ErrorKind, Read, Write};
use std::net::TcpStream;

pub use super::given::*;

/// Serves a calculator to one client until the client has finished sending.
pub fn serve(stream: TcpStream) -> io::Result<()> {
    let mut from = BufReader::new(&stream);
    while let Some(call) = next_call(&mut from)? {
        let mut reply = Vec::new();
        match calculate(call) {
            Ok(value) => reply.extend([0, value]),
            Err(text) => {
                let text: Vec<u8> = text.bytes().take(255).collect();
                reply.push(1);
                reply.extend(u8::try_from(text.len()));
                reply.extend(text);
            }
        }
        (&stream).write_all(&reply)?;
    }
    Ok(())
}

/// The next three bytes, or `None` at the end of the stream.
fn next_call(from: &mut impl Read) -> io::Result<Option<[u8; 3]>> {
    let mut call = Vec::new();
    from.take(3).read_to_end(&mut call)?;
    match call[..] {
        [] => Ok(None),
        [operation, a, b] => Ok(Some([operation, a, b])),
        _ => Err(ErrorKind::UnexpectedEof.into()),
    }
}
