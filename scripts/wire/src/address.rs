//! Addresses: what may be written for `--listen` and `--to`, and what can be wrong with them.

use std::io;
use std::net::{SocketAddr, ToSocketAddrs};

use anyhow::{Context, Result, ensure};
use tokio::net::TcpListener;

/// The addresses that `text` stands for, never none. A bare port (`8080`, `:8080`) is on this
/// machine only, 127.0.0.1; another machine is reached only by naming it.
///
/// # Errors
/// A sentence for the user if `text` is no address or its name is not known.
pub fn parse(text: &str) -> Result<Vec<SocketAddr>> {
    let bare = text.strip_prefix(':').unwrap_or(text);
    if let Ok(port) = bare.parse::<u16>() {
        return Ok(vec![SocketAddr::from(([127, 0, 0, 1], port))]);
    }
    let no_address =
        || format!("{text:?} is not an address. Write HOST:PORT, such as 127.0.0.1:8080");
    let (host, port) = text.rsplit_once(':').with_context(no_address)?;
    ensure!(
        !host.is_empty() && port.parse::<u16>().is_ok(),
        no_address()
    );
    let found = text
        .to_socket_addrs()
        .with_context(|| format!("the name {host:?} could not be looked up"))?;
    let found: Vec<SocketAddr> = found.collect();
    ensure!(!found.is_empty(), no_address());
    Ok(found)
}

/// Binds the address to listen on.
///
/// # Errors
/// A sentence for the user that says what to do: the port is taken, not allowed, not here.
pub async fn bind(addrs: &[SocketAddr]) -> Result<TcpListener> {
    let first = addrs.first().context("no address to listen on")?;
    let example = "--listen 127.0.0.1:0 for any free port";
    let listener = TcpListener::bind(addrs).await;
    listener.map_err(|error| stage::signal::taken(*first, example, &error))
}

/// Why the server could not be reached, in words for a learner.
pub fn why_unreachable(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::ConnectionRefused => "connection refused".into(),
        io::ErrorKind::TimedOut => "no answer in time".into(),
        _ => error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bare_port_stays_on_this_machine() {
        let local = [SocketAddr::from(([127, 0, 0, 1], 8080))];
        for text in ["8080", ":8080", "127.0.0.1:8080"] {
            assert_eq!(parse(text).unwrap(), local);
        }
        assert!(parse("[::1]:8080").unwrap()[0].is_ipv6());
    }

    #[test]
    fn what_is_no_address_is_said_with_an_example() {
        for text in [
            "",
            "localhost",
            "127.0.0.1",
            "127.0.0.1:",
            "127.0.0.1:99999",
            "a:b",
        ] {
            let error = parse(text).unwrap_err().to_string();
            assert!(error.contains("127.0.0.1:8080"), "{text}: {error}");
        }
    }
}
