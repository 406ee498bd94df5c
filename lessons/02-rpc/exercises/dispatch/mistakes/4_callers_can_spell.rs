//! belief: callers-can-spell
//! words: Only registered names are ever called.
//! check: a_wrong_method_is_one_failed_call
//! says: Nothing that a peer sends

use std::collections::HashMap;
use std::io::{self, BufRead, BufReader, ErrorKind, Write};
use std::net::TcpStream;

pub type Method = fn(&str) -> String;

pub type Services = HashMap<&'static str, HashMap<&'static str, Method>>;

pub fn serve(stream: TcpStream, services: &Services) -> io::Result<()> {
    for line in BufReader::new(&stream).lines() {
        let line = line?;
        let (id, name, argument) = split(&line).ok_or(ErrorKind::InvalidData)?;
        let (service, method) = name.rsplit_once('.').ok_or(ErrorKind::InvalidData)?;
        let answer = format!("{id} ok {}\n", services[service][method](argument));
        (&stream).write_all(answer.as_bytes())?;
    }
    Ok(())
}

fn split(line: &str) -> Option<(u32, &str, &str)> {
    let mut parts = line.splitn(3, ' ');
    let id = parts.next()?.parse().ok()?;
    Some((id, parts.next()?, parts.next()?))
}
