//! Gossip in the suite, and what is particular about it.

#[macro_use]
mod suite;

use std::net::{SocketAddr, UdpSocket};
use std::sync::atomic::{AtomicU16, Ordering};

use l13_framework::registry::Options;

/// All participants of a test have the same neighbour, and the first of them is it.
struct Own(SocketAddr);

impl Own {
    async fn start() -> Own {
        static NEXT: AtomicU16 = AtomicU16::new(0);
        let first = u16::try_from(std::process::id() % 9000).unwrap();
        loop {
            let port = 20_000 + (first + NEXT.fetch_add(1, Ordering::Relaxed)) % 10_000;
            let addr = SocketAddr::from(([127, 0, 0, 1], port));
            if UdpSocket::bind(addr).is_ok() {
                return Own(addr);
            }
        }
    }
}

impl suite::Stage for Own {
    fn registry(&self) -> &'static str {
        "gossip"
    }

    fn options(&self) -> Options {
        Options {
            addresses: vec![self.0],
            ..Options::default()
        }
    }
}

every_registry!(Own::start());
after_a_crash!(Own::start());
