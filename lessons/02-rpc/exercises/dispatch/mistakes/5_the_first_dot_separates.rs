//! belief: the-first-dot-separates
//! words: A name has one dot.
//! check: the_last_dot_separates
//! says: The last dot is the one between

use std::collections::HashMap;
use std::io::{self, BufRead, BufReader, ErrorKind, Write};
use std::net::TcpStream;

pub type Method = fn(&str) -> String;

pub type Services = HashMap<&'static str, HashMap<&'static str, Method>>;

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

fn find(name: &str, services: &Services) -> Option<Method> {
    let (service, method) = name.split_once('.')?;
    services.get(service)?.get(method).copied()
}

fn split(line: &str) -> Option<(u32, &str, &str)> {
    let mut parts = line.splitn(3, ' ');
    let id = parts.next()?.parse().ok()?;
    Some((id, parts.next()?, parts.next()?))
}
