//! belief: write-ok-means-received
//! words: Write Ok means received.
//! check: a_closed_receiver_has_nothing
//! says: `write` said Ok after the peer had closed

use std::io::Write;
use std::net::TcpStream;
use std::time::Duration;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Delivery {
    Received,
    Unknown,
}

pub fn deliver(mut stream: TcpStream, message: &str, _within: Duration) -> Delivery {
    let sent = stream.write_all(format!("{message}\n").as_bytes());
    let sent = sent.and_then(|()| stream.flush());
    if sent.is_ok() {
        Delivery::Received
    } else {
        Delivery::Unknown
    }
}
