//! belief: words-end-by-themselves
//! words: The words of an error need no length: they come last.
//! check: a_failed_call_is_not_the_last
//! says: the length of the words

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
            Err(words) => [&[1], words.as_bytes()].concat(),
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
