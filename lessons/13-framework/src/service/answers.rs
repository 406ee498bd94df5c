//! Whether a server answers. It is called before it is registered, because a registered instance gets calls at
//! once.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use anyhow::bail;
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep, timeout_at};

use crate::transport::{Connection, Transport};

/// It listens already, so this takes milliseconds.
const LIMIT: Duration = Duration::from_secs(10);

/// Returns when it answers. Of a server with neither transport it is only known that it accepts connections.
///
/// # Errors
/// If that takes too long; then something in it hangs.
pub(super) async fn wait(bound: SocketAddr, transport: Option<Transport>) -> anyhow::Result<()> {
    let at = SocketAddr::new(reachable(bound.ip()), bound.port());
    let until = Instant::now() + LIMIT;
    loop {
        let answers = match transport {
            Some(transport) => match Connection::dial(transport, at, until).await {
                Ok(connection) => connection.serves(until).await.unwrap_or(false),
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

/// The address at which this machine reaches a server that is bound to `ip`.
fn reachable(ip: IpAddr) -> IpAddr {
    match ip {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    }
}
