//! Consul, the embedded one and the real one, in the suite.

use std::net::SocketAddr;
use std::sync::OnceLock;
use std::time::Duration;

use l13_framework::registry::Options;
use services::Side;
use services::consul::{Consul, Setup};
use services::testkit;
use tokio::sync::Mutex;
use tokio::task::spawn_blocking;

use crate::suite;

struct Own {
    addr: SocketAddr,
    side: Side,
    /// `None`: it stands on the server that tests share, or is away.
    server: Mutex<Option<Consul>>,
}

impl Own {
    /// On one real server for all tests: each has names of its own.
    async fn shared() -> Own {
        static SHARED: OnceLock<testkit::consul::Consul> = OnceLock::new();
        let start = || testkit::consul::Consul::start().unwrap();
        let addr = spawn_blocking(move || SHARED.get_or_init(start).addr());
        Own {
            addr: addr.await.unwrap(),
            side: Side::Real,
            server: Mutex::new(None),
        }
    }

    /// On a server that no other test uses.
    async fn alone(side: Side) -> Own {
        let consul = start(side, None).await;
        Own {
            addr: consul.addr(),
            side,
            server: Mutex::new(Some(consul)),
        }
    }
}

/// It keeps nothing on a disk, and so forgets everything when it ends.
async fn start(side: Side, http_port: Option<u16>) -> Consul {
    Setup::of(side).at(http_port).start().await.unwrap()
}

impl suite::Stage for Own {
    fn registry(&self) -> &'static str {
        "consul"
    }

    fn options(&self) -> Options {
        Options {
            addresses: vec![self.addr],
            // The machine may be busy.
            timeout: Duration::from_secs(10),
        }
    }

    fn short(&self) -> Duration {
        Duration::from_millis(1500)
    }
}

impl suite::Away for Own {
    async fn away(&self) {
        let consul = self.server.lock().await.take().expect("it runs");
        consul.stop().await;
    }

    async fn back(&self) {
        let consul = start(self.side, Some(self.addr.port())).await;
        *self.server.lock().await = Some(consul);
    }
}

mod embedded {
    use super::{Own, Side};

    every_registry!(Own::alone(Side::Embedded));
    after_a_crash!(Own::alone(Side::Embedded));
    away_and_back!(Own::alone(Side::Embedded), away_takes_nobody_away);
}

mod the_real_consul {
    use super::{Own, Side};

    // One test: a process for each test would start a Consul for each of the seventeen situations.
    every_registry_at_once!(Own::shared(), a_killed_process_is_gone_after_its_time);
    away_and_back!(Own::alone(Side::Real), away_takes_nobody_away);
}
