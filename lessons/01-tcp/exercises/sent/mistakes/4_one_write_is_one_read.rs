//! belief: one-write-is-one-read
//! words: One write is one read.
//! check: a_receipt_is_proof
//! says: in two pieces. Read until the newline

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Delivery {
    Received,
    Unknown,
}

pub fn deliver(mut stream: TcpStream, message: &str, within: Duration) -> Delivery {
    let _ = stream.set_read_timeout(Some(within));
    let _ = stream.write_all(format!("{message}\n").as_bytes());
    let mut buf = [0; 64];
    match stream.read(&mut buf) {
        Ok(n) if &buf[..n] == b"received\n" => Delivery::Received,
        _ => Delivery::Unknown,
    }
}
