//! belief: an-error-is-a-broken-connection
//! words: An error is a broken connection.
//! check: a_failed_call_is_not_the_last
//! says: The call after the failed one got no answer

use std::io::{self, Read, Write};
use std::net::TcpStream;

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
