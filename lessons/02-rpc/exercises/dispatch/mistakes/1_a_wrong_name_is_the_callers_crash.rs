//! belief: a-wrong-name-is-the-callers-crash
//! words: A wrong name is the caller's crash.
//! check: a_wrong_method_is_one_failed_call
//! says: ended the connection; it should be one failed call

use std::collections::HashMap;
use std::io::{self, BufRead, BufReader, ErrorKind, Write};
use std::net::TcpStream;

pub type Method = fn(&str) -> String;

pub type Services = HashMap<&'static str, HashMap<&'static str, Method>>;

pub fn serve(stream: TcpStream, services: &Services) -> io::Result<()> {
    for line in BufReader::new(&stream).lines() {
        let line = line?;
        let (id, name, argument) = split(&line).ok_or(ErrorKind::InvalidData)?;
        let method = find(name, services).ok_or(ErrorKind::NotFound)?;
        let answer = format!("{id} ok {}\n", method(argument));
        (&stream).write_all(answer.as_bytes())?;
    }
    Ok(())
}

fn find(name: &str, services: &Services) -> Option<Method> {
    let (service, method) = name.rsplit_once('.')?;
    services.get(service)?.get(method).copied()
}

fn split(line: &str) -> Option<(u32, &str, &str)> {
    let mut parts = line.splitn(3, ' ');
    let id = parts.next()?.parse().ok()?;
    Some((id, parts.next()?, parts.next()?))
}
