//! Accepted: `find` returns the text of the error reply, and the name is compared with each registered one.

use std::io::{self, BufRead, BufReader, ErrorKind, Write};
use std::net::TcpStream;

pub use super::given::*;

/// Serves the calls of one client until the client has finished sending.
pub fn serve(stream: TcpStream, services: &Services) -> io::Result<()> {
    let mut from = BufReader::new(&stream);
    let mut line = String::new();
    while from.read_line(&mut line)? > 0 {
        let Some((id, name, argument)) = split(line.trim_end_matches('\n')) else {
            return Err(io::Error::new(ErrorKind::InvalidData, "not a call"));
        };
        let reply = match find(name, services) {
            Ok(method) => format!("{id} ok {}\n", method(argument)),
            Err(text) => format!("{id} error {text}\n"),
        };
        (&stream).write_all(reply.as_bytes())?;
        line.clear();
    }
    Ok(())
}

fn find(name: &str, services: &Services) -> Result<Method, String> {
    for (service, methods) in services {
        for (method, function) in methods {
            if format!("{service}.{method}") == name {
                return Ok(*function);
            }
        }
    }
    Err(format!("unknown name {name:?}"))
}
