//! belief: any-answer-is-a-receipt
//! words: Whatever comes back is a receipt.
//! check: an_end_is_no_receipt
//! says: That was no receipt

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
        Ok(1..) => Delivery::Received,
        Ok(0) | Err(_) => Delivery::Unknown,
    }
}
