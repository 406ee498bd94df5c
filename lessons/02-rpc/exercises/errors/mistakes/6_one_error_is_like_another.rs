//! belief: one-error-is-like-another
//! words: That it failed is all a caller needs to know.
//! check: an_error_comes_without_a_value
//! says: the words that `calculate` gave

use std::io::{self, Read, Write};
use std::net::TcpStream;

pub fn serve(mut stream: TcpStream) -> io::Result<()> {
    loop {
        let mut call = [0; 3];
        if stream.read(&mut call[..1])? == 0 {
            return Ok(());
        }
        stream.read_exact(&mut call[1..])?;
        let answer = match calculate(call) {
            Ok(value) => vec![0, value],
            Err(_) => b"\x01\x10division by zero".to_vec(),
        };
        stream.write_all(&answer)?;
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
