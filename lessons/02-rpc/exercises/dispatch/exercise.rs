use std::io::{self, BufRead, BufReader, ErrorKind, Write};
use std::net::TcpStream;

// Given in given.rs, beside this file: `Method`, `Services` and `split`.
pub use super::given::*;

/// Serves the calls of one client until the client has finished sending.
///
/// * A call is a line: `ID SERVICE.METHOD ARGUMENT`. The name of a service may contain dots: in
///   `go.micro.clock.Now` the method is `Now`, the part after the last dot.
/// * A name must be equal to a registered one, letter by letter.
/// * The reply is a line with the same id: `ID ok VALUE`, or `ID error TEXT` if there is no such method. You
///   choose the text.
/// * A line that is not a call (`split` returns `None`) has no id, so there is no reply: return `InvalidData`.
/// * An error of `read` or `write` is returned.
///
/// So far an unknown name ends the connection.
pub fn serve(stream: TcpStream, services: &Services) -> io::Result<()> {
    for line in BufReader::new(&stream).lines() {
        let line = line?;
        let (id, name, argument) = split(&line).ok_or(ErrorKind::InvalidData)?;
        let method = find(name, services)?;
        let reply = format!("{id} ok {}\n", method(argument));
        (&stream).write_all(reply.as_bytes())?;
    }
    Ok(())
}

/// The method with this name.
fn find(name: &str, services: &Services) -> io::Result<Method> {
    let (service, method) = name.split_once('.').ok_or(ErrorKind::InvalidData)?;
    let service = services.get(service).ok_or(ErrorKind::NotFound)?;
    let method = service.get(method).ok_or(ErrorKind::NotFound)?;
    Ok(*method)
}
