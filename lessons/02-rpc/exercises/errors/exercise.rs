use std::io::{self, Read, Write};
use std::net::TcpStream;

/// A calculator for one client, until it has finished.
///
/// * A call has three bytes: `+`, `-`, `*` or `/`, and two numbers.
/// * The answer is a byte 0 and the value; or, if it failed, a byte 1, the length of the words (one
///   byte), and the words. One of the two, never both.
/// * The end of the connection in the middle of a call is an `UnexpectedEof`.
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

/// The value, or in words why there is none. This part is right: leave it as it is.
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
