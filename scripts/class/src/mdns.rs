//! Finds the class in the room: its server announces itself by multicast DNS, on one interface alone.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use anyhow::Result;
use mdns_sd::{IfKind, ServiceDaemon, ServiceEvent, ServiceInfo};
use tokio::time::timeout;

const TYPE: &str = "_workbook-class._tcp.local.";

/// Announces the class until the value is dropped.
pub struct Announcement(ServiceDaemon);

impl Drop for Announcement {
    fn drop(&mut self) {
        // Says goodbye; if its queue is full, the announcement runs out by itself.
        let _ = self.0.shutdown();
    }
}

/// Announces the class of `room` at `address`, on the interface of that address.
pub fn announce(room: &str, address: SocketAddr) -> Result<Announcement> {
    let daemon = ServiceDaemon::new()?;
    let announcement = Announcement(daemon.clone());
    daemon.disable_interface(IfKind::All)?;
    daemon.enable_interface(interface(address.ip()))?;
    let host = format!("class-{}.local.", room.to_lowercase());
    let mut info = ServiceInfo::new(
        TYPE,
        room,
        &host,
        address.ip(),
        address.port(),
        &[("room", room)][..],
    )?;
    info.set_requires_probe(false);
    daemon.register(info)?;
    Ok(announcement)
}

/// Looks for the class of `room` for a few seconds, on all interfaces or on loopback alone. What is found is checked by
/// the fingerprint, as a typed address is: any machine may announce anything.
pub async fn find(room: &str, everywhere: bool) -> Result<Option<String>> {
    let daemon = ServiceDaemon::new()?;
    daemon.disable_interface(IfKind::All)?;
    if everywhere {
        daemon.enable_interface(IfKind::IPv4)?;
    }
    daemon.enable_interface(IfKind::LoopbackV4)?;
    let events = daemon.browse(TYPE)?;
    let found = timeout(Duration::from_secs(4), async {
        while let Ok(event) = events.recv_async().await {
            if let ServiceEvent::ServiceResolved(service) = event
                && service
                    .fullname
                    .split('.')
                    .next()
                    .is_some_and(|name| name.eq_ignore_ascii_case(room))
                && let Some(address) = service
                    .addresses
                    .iter()
                    .find(|address| address.to_ip_addr().is_ipv4())
            {
                return Some(SocketAddr::new(address.to_ip_addr(), service.port).to_string());
            }
        }
        None
    });
    let found = found.await.ok().flatten();
    let _ = daemon.shutdown();
    Ok(found)
}

fn interface(address: IpAddr) -> IfKind {
    if address.is_loopback() {
        IfKind::LoopbackV4
    } else {
        IfKind::Addr(address)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_class_is_found_by_its_room_code_on_this_machine() {
        let (room, address) = (crate::code::room().unwrap(), "127.0.0.1:7443");
        let _announcement = announce(&room, address.parse().unwrap()).unwrap();
        // A question that gets no answer is asked again after a second, or is lost: three tries.
        for _ in 0..3 {
            if let Some(found) = find(&room, false).await.unwrap() {
                assert_eq!(found, address);
                return;
            }
        }
        panic!("the class {room} was not found");
    }
}
