//! belief: a-value-beside-the-error
//! words: An answer always has a value, and sometimes an error too.
//! check: a_failed_call_is_not_the_last
//! says: an error and no value

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
            Err(words) => {
                let mut answer = vec![0, 0, 1, u8::try_from(words.len()).unwrap_or(u8::MAX)];
                answer.extend_from_slice(words.as_bytes());
                answer
            }
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
