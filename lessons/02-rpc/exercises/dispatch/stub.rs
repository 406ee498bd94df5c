use std::collections::HashMap;
use std::io::{self, BufRead, BufReader, ErrorKind, Write};
use std::net::TcpStream;

/// What a method does with its argument.
pub type Method = fn(&str) -> String;

/// Services by name, and in each of them methods by name.
pub type Services = HashMap<&'static str, HashMap<&'static str, Method>>;

/// Answers the calls of one client until it has finished.
///
/// * A call is a line: `ID SERVICE.METHOD ARGUMENT`. The name of a service may have dots in it:
///   `go.micro.clock.Now` is the method `Now` of the service `go.micro.clock`.
/// * Its answer is a line with the same ID: `ID ok VALUE`, or `ID error WORDS` if there is no such
///   method. The words are yours.
/// * A line that is no call (`split` gives `None`) has no ID to answer to: return `InvalidData`.
pub fn serve(stream: TcpStream, services: &Services) -> io::Result<()> {
    for line in BufReader::new(&stream).lines() {
        let line = line?;
        let (id, name, argument) = split(&line).ok_or(ErrorKind::InvalidData)?;
        let method = find(name, services)?;
        let answer = format!("{id} ok {}\n", method(argument));
        (&stream).write_all(answer.as_bytes())?;
    }
    Ok(())
}

/// The method that has this name.
fn find(name: &str, services: &Services) -> io::Result<Method> {
    let (service, method) = name.split_once('.').ok_or(ErrorKind::InvalidData)?;
    let service = services.get(service).ok_or(ErrorKind::NotFound)?;
    let method = service.get(method).ok_or(ErrorKind::NotFound)?;
    Ok(*method)
}

/// ID, name and argument of a call. This part is right: leave it as it is.
fn split(line: &str) -> Option<(u32, &str, &str)> {
    let mut parts = line.splitn(3, ' ');
    let id = parts.next()?.parse().ok()?;
    Some((id, parts.next()?, parts.next()?))
}
