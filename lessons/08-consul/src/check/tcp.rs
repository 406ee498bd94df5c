//! The TCP check: does a connection succeed? It knows that the port is open and nothing more.

use std::io::ErrorKind;

use tokio::net::TcpStream;

use super::Status;

/// Connects, and closes the connection.
pub async fn check(address: &str) -> (Status, String) {
    match dial(address).await {
        Ok(_) => (Status::Passing, format!("TCP connect {address}: Success")),
        Err(words) => (Status::Critical, words),
    }
}

/// Connects; the error is worded as Go words it, as all of a check's output is.
pub async fn dial(address: &str) -> Result<TcpStream, String> {
    let Some((host, port)) = address.rsplit_once(':') else {
        return Err(format!(
            "dial tcp: address {address}: missing port in address"
        ));
    };
    if port.parse::<u16>().is_err() {
        return Err(format!("dial tcp: address {port}: invalid port"));
    }
    TcpStream::connect(address)
        .await
        .map_err(|error| match error.kind() {
            ErrorKind::ConnectionRefused => {
                format!("dial tcp {address}: connect: connection refused")
            }
            ErrorKind::TimedOut => format!("dial tcp {address}: i/o timeout"),
            // The system's resolver gives its errors no kind of their own.
            _ if error.raw_os_error().is_none() => format!("dial tcp: lookup {host}: no such host"),
            _ => format!("dial tcp {address}: connect: {error}"),
        })
}
