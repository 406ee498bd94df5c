//! belief: a-reply-always-comes
//! words: Whoever got my message will answer.
//! check: silence_is_no_receipt
//! says: a receipt that never comes

use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;
use std::time::Duration;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Delivery {
    Received,
    Unknown,
}

pub fn deliver(mut stream: TcpStream, message: &str, _within: Duration) -> Delivery {
    let _ = stream.write_all(format!("{message}\n").as_bytes());
    let mut line = String::new();
    match BufReader::new(stream).read_line(&mut line) {
        Ok(_) if line == "received\n" => Delivery::Received,
        _ => Delivery::Unknown,
    }
}
