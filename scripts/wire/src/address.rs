//! Addresses: what may be written for `--listen` and `--to`, and what can be wrong with them.

use std::io;
use std::net::{SocketAddr, ToSocketAddrs};

use tokio::net::TcpListener;

/// The addresses that `text` stands for, never none. A bare port (`8080`, `:8080`) is on this
/// machine only, 127.0.0.1; another machine is reached only by naming it.
///
/// # Errors
/// A sentence for the user if `text` is no address or its name is not known.
pub fn parse(text: &str) -> Result<Vec<SocketAddr>, String> {
    let bare = text.strip_prefix(':').unwrap_or(text);
    if let Ok(port) = bare.parse::<u16>() {
        return Ok(vec![SocketAddr::from(([127, 0, 0, 1], port))]);
    }
    let no_address =
        || format!("{text:?} is not an address. Write HOST:PORT, such as 127.0.0.1:8080");
    let Some((host, port)) = text.rsplit_once(':') else {
        return Err(no_address());
    };
    if host.is_empty() || port.parse::<u16>().is_err() {
        return Err(no_address());
    }
    match text.to_socket_addrs() {
        Ok(found) => {
            let found: Vec<SocketAddr> = found.collect();
            if found.is_empty() {
                Err(no_address())
            } else {
                Ok(found)
            }
        }
        Err(error) => Err(format!("the name {host:?} could not be looked up: {error}")),
    }
}

/// Binds the address to listen on.
///
/// # Errors
/// A sentence for the user that says what to do: the port is taken, not allowed, not here.
pub async fn bind(addrs: &[SocketAddr]) -> Result<TcpListener, String> {
    TcpListener::bind(addrs).await.map_err(|error| {
        let addr = addrs.first().map_or_else(String::new, SocketAddr::to_string);
        let port = addrs.first().map_or(0, SocketAddr::port);
        match error.kind() {
            io::ErrorKind::AddrInUse => format!(
                "{addr} is taken: another program listens there already, perhaps an earlier wire \
                 or the server itself.\nEnd it, or listen somewhere else: --listen 127.0.0.1:{}, \
                 or --listen 127.0.0.1:0 for any free port.",
                if port < u16::MAX { port + 1 } else { port - 1 },
            ),
            io::ErrorKind::PermissionDenied => format!(
                "this user may not listen on {addr}. Ports below 1024 are reserved; take a higher one."
            ),
            io::ErrorKind::AddrNotAvailable => {
                format!("{addr} is not an address of this machine. Listen on 127.0.0.1:{port}.")
            }
            _ => format!("cannot listen on {addr}: {error}"),
        }
    })
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
        let local = vec![SocketAddr::from(([127, 0, 0, 1], 8080))];
        assert_eq!(parse("8080"), Ok(local.clone()));
        assert_eq!(parse(":8080"), Ok(local.clone()));
        assert_eq!(parse("127.0.0.1:8080"), Ok(local));
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
            let error = parse(text).unwrap_err();
            assert!(error.contains("127.0.0.1:8080"), "{text}: {error}");
        }
    }
}
