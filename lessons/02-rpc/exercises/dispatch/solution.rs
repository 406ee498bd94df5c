//! A name that nobody has is an ordinary answer, so `find` returns an `Option` and not an `Err`:
//! with `?` on an error the wrong word of one caller would end the connection and every other call
//! on it. The exact name of both parts is looked up, and the last dot separates them, because the
//! names of services have dots of their own. Only a line without an ID ends the connection: there
//! is nobody whom an answer could reach.

use std::collections::HashMap;
use std::io::{self, BufRead, BufReader, ErrorKind, Write};
use std::net::TcpStream;

/// What a method does with its argument.
pub type Method = fn(&str) -> String;

/// Services by name, and in each of them methods by name.
pub type Services = HashMap<&'static str, HashMap<&'static str, Method>>;

/// Answers the calls of one client until it has finished.
pub fn serve(stream: TcpStream, services: &Services) -> io::Result<()> {
    for line in BufReader::new(&stream).lines() {
        let line = line?;
        let (id, name, argument) = split(&line).ok_or(ErrorKind::InvalidData)?;
        let answer = match find(name, services) {
            Some(method) => format!("{id} ok {}\n", method(argument)),
            None => format!("{id} error there is no method `{name}`\n"),
        };
        (&stream).write_all(answer.as_bytes())?;
    }
    Ok(())
}

/// The method that has this name, if there is one.
fn find(name: &str, services: &Services) -> Option<Method> {
    let (service, method) = name.rsplit_once('.')?;
    services.get(service)?.get(method).copied()
}

/// ID, name and argument of a call.
fn split(line: &str) -> Option<(u32, &str, &str)> {
    let mut parts = line.splitn(3, ' ');
    let id = parts.next()?.parse().ok()?;
    Some((id, parts.next()?, parts.next()?))
}
