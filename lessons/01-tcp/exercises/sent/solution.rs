//! `write` puts bytes into a buffer of your own system and returns. It cannot know whether the other program
//! will ever read them; `flush` and
//! `shutdown` cannot know it either. Only a reply of the other program proves it.
//! Without one the report is `Unknown`, and not "failed":
//! perhaps the message was received and only the reply was lost. The time is limited by a deadline for the
//! whole reply, as in the exercise `deadlines`: a timeout of zero is an error, and so ends the loop.

use std::io::{self, ErrorKind, Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

// Given in given.rs, beside this file: `Delivery`.
pub use super::given::*;

/// Sends one message, a line, and reports what is known about it.
pub fn deliver(stream: TcpStream, message: &str, within: Duration) -> Delivery {
    match receipt(&stream, message, within) {
        Ok(()) => Delivery::Received,
        Err(_) => Delivery::Unknown,
    }
}

/// Sends the message and reads the reply; `Ok` if it is `received\n` and in time.
fn receipt(mut stream: &TcpStream, message: &str, within: Duration) -> io::Result<()> {
    let until = Instant::now() + within;
    stream.set_write_timeout(Some(within))?;
    stream.write_all(format!("{message}\n").as_bytes())?;
    for expected in b"received\n" {
        let left = until.saturating_duration_since(Instant::now());
        stream.set_read_timeout(Some(left))?;
        let mut byte = [0];
        stream.read_exact(&mut byte)?;
        if byte[0] != *expected {
            return Err(ErrorKind::InvalidData.into());
        }
    }
    Ok(())
}
