//! An unknown name is a normal result of a lookup, so `find` returns an `Option` and not an `Err`. With `?` on an
//! error, one misspelt name would end the connection and every other call on it. The lookup takes the
//! exact name of service and method, and the last dot separates them, because names of services contain dots. Only a
//! line without an id ends the connection: no reply could be matched to it.

use std::io::{self, BufRead, BufReader, ErrorKind, Write};
use std::net::TcpStream;

// Given in given.rs, beside this file: `Method`, `Services` and `split`.
pub use super::given::*;

/// Serves the calls of one client until the client has finished sending.
pub fn serve(stream: TcpStream, services: &Services) -> io::Result<()> {
    for line in BufReader::new(&stream).lines() {
        let line = line?;
        let (id, name, argument) = split(&line).ok_or(ErrorKind::InvalidData)?;
        let reply = match find(name, services) {
            Some(method) => format!("{id} ok {}\n", method(argument)),
            None => format!("{id} error there is no method `{name}`\n"),
        };
        (&stream).write_all(reply.as_bytes())?;
    }
    Ok(())
}

/// The method with this name, if there is one.
fn find(name: &str, services: &Services) -> Option<Method> {
    let (service, method) = name.rsplit_once('.')?;
    services.get(service)?.get(method).copied()
}
