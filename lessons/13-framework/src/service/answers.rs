//! Whether a server really answers. It is asked before it is registered: who stands in the phone book
//! and does not answer is worse than one who does not stand there.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use anyhow::bail;
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep, timeout_at};

use crate::transport::{Connection, Transport};

/// It listens already, so this takes milliseconds.
const PATIENCE: Duration = Duration::from_secs(10);

/// Returns when it answers. Of a server that speaks neither transport it is only known that somebody
/// takes connections.
///
/// # Errors
/// If that takes too long; then something in it hangs.
pub(super) async fn wait(bound: SocketAddr, transport: Option<Transport>) -> anyhow::Result<()> {
    let at = SocketAddr::new(door(bound.ip()), bound.port());
    let until = Instant::now() + PATIENCE;
    loop {
        let answers = match transport {
            Some(transport) => match Connection::dial(transport, at, until).await {
                Ok(line) => line.serves(until).await.unwrap_or(false),
                Err(_) => false,
            },
            None => matches!(timeout_at(until, TcpStream::connect(at)).await, Ok(Ok(_))),
        };
        if answers {
            return Ok(());
        }
        if Instant::now() >= until {
            bail!("it listens on {bound} and does not answer, so it was not registered");
        }
        sleep(Duration::from_millis(10)).await;
    }
}

/// Where this very machine reaches what is bound there.
fn door(ip: IpAddr) -> IpAddr {
    match ip {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    }
}
