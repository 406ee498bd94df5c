//! belief: no-error-means-received
//! words: A read without an error is an answer.
//! check: a_closed_receiver_has_nothing
//! says: Only a reply proves

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
    match stream.read(&mut [0; 64]) {
        Ok(_) => Delivery::Received,
        Err(_) => Delivery::Unknown,
    }
}
