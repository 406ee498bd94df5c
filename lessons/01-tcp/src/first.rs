//! The eight calls that everything else is made of, once each: listen, accept, read, write, close
//! on one side, connect, write, read on the other. One client, one line, then it is over; the other
//! modules are what it takes to go on from here.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::time::Duration;

use crate::protocol::{ANSWER_LIMIT, reply, request};

/// Even the smallest server limits what a client can make it store and wait for.
const MAX_LINE: u64 = 256;
const TIMEOUT: Duration = Duration::from_secs(5);

/// Serves one client, and one line of it.
///
/// # Errors
/// Any error that the network reports.
// ANCHOR: server
pub fn serve_one(listener: &TcpListener) -> io::Result<()> {
    // Waits until a client connects.
    let (stream, _addr) = listener.accept()?;
    stream.set_read_timeout(Some(TIMEOUT))?;

    // Waits until a newline has come, in as many pieces as it takes.
    let mut line = String::new();
    BufReader::new((&stream).take(MAX_LINE)).read_line(&mut line)?;

    (&stream).write_all(reply(line.trim_end()).as_bytes())
    // `stream` is dropped here, and dropping closes it.
}
// ANCHOR_END: server

/// Asks once.
///
/// # Errors
/// Any error that the network reports; "connection refused" if no server listens.
// ANCHOR: client
pub fn ask(addr: SocketAddr, name: &str) -> io::Result<String> {
    let mut stream = TcpStream::connect(addr)?;
    stream.set_read_timeout(Some(TIMEOUT))?;
    stream.write_all(request(name)?.as_bytes())?;

    // Waits until the server has closed: then the answer is complete.
    let mut answer = String::new();
    stream
        .take(ANSWER_LIMIT as u64)
        .read_to_string(&mut answer)?;
    Ok(answer)
}
// ANCHOR_END: client

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_ends_meet() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let addr = listener.local_addr().unwrap();
        let server = std::thread::spawn(move || serve_one(&listener));
        assert_eq!(ask(addr, "wire").unwrap(), "wire hello world\n");
        server.join().unwrap().unwrap();
    }
}
