//! belief: a-method-name-is-enough
//! words: The method's name alone says what to call.
//! check: a_wrong_service_is_one_failed_call
//! says: Both names must be right

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
    let (service, method) = name.rsplit_once('.')?;
    let known = services
        .get(service)
        .and_then(|methods| methods.get(method));
    let mut all = services.values();
    known
        .or_else(|| all.find_map(|methods| methods.get(method)))
        .copied()
}

fn split(line: &str) -> Option<(u32, &str, &str)> {
    let mut parts = line.splitn(3, ' ');
    let id = parts.next()?.parse().ok()?;
    Some((id, parts.next()?, parts.next()?))
}
