//! `write` puts bytes into a buffer of your own system and returns. Whether they ever leave the
//! machine, arrive, and are read by a program that is still there, it cannot know; `flush` and
//! `shutdown` know no more. Only the other program can say so, which is why every protocol you
//! will meet here has a reply. Without one the honest answer is `Unknown`, and not "failed":
//! perhaps the message was received and only the reply got lost.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

/// What is known about a message after sending it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Delivery {
    /// The receiver has said that it has it.
    Received,
    /// It may have arrived or not. Nobody on this side can tell.
    Unknown,
}

/// Sends one message, a line, and says what is known about it.
pub fn deliver(stream: TcpStream, message: &str, within: Duration) -> Delivery {
    match receipt(&stream, message, within) {
        Ok(line) if line == "received\n" => Delivery::Received,
        Ok(_) | Err(_) => Delivery::Unknown,
    }
}

fn receipt(mut stream: &TcpStream, message: &str, within: Duration) -> io::Result<String> {
    stream.set_write_timeout(Some(within))?;
    stream.set_read_timeout(Some(within))?;
    stream.write_all(format!("{message}\n").as_bytes())?;
    let mut line = String::new();
    // A receipt is short. Without `take` a stranger could fill the memory with one endless line.
    BufReader::new(stream.take(64)).read_line(&mut line)?;
    Ok(line)
}
