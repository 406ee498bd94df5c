//! mDNS in the suite, and what is particular about it.

use std::net::SocketAddr;
use std::time::Duration;

use l13_framework::registry::Options;

use crate::suite;

/// A port of its own for each test: who speaks on one is not heard on another.
struct Own(SocketAddr);

impl Own {
    async fn start() -> Own {
        Own(suite::free_udp())
    }
}

impl suite::Stage for Own {
    fn registry(&self) -> &'static str {
        "mdns"
    }

    fn options(&self) -> Options {
        Options {
            addresses: vec![self.0],
            ..Options::default()
        }
    }

    fn short(&self) -> Duration {
        Duration::from_millis(1500)
    }
}

every_registry_at_once!(Own::start(), a_killed_process_is_gone_after_its_time);
