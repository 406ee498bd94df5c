//! A real etcd, in the suite.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use l13_framework::registry::Options;
use services::testkit::etcd::Etcd;
use tokio::task::spawn_blocking;

use crate::suite;

struct Own {
    addr: SocketAddr,
    /// `None`: it stands on the server that tests share.
    server: Option<Arc<Mutex<Etcd>>>,
}

impl Own {
    /// On one server for all tests: each has names of its own.
    async fn shared() -> Own {
        static SHARED: OnceLock<Etcd> = OnceLock::new();
        let start = || SHARED.get_or_init(|| Etcd::start().unwrap()).addr();
        let addr = spawn_blocking(start).await.unwrap();
        Own { addr, server: None }
    }

    /// On a server that no other test uses.
    async fn alone() -> Own {
        let server = spawn_blocking(|| Etcd::start().unwrap()).await.unwrap();
        Own {
            addr: server.addr(),
            server: Some(Arc::new(Mutex::new(server))),
        }
    }

    async fn with(&self, what: impl FnOnce(&mut Etcd) + Send + 'static) {
        let server = self.server.clone().expect("a server of its own");
        let done = spawn_blocking(move || what(&mut server.lock().unwrap()));
        done.await.unwrap();
    }
}

impl suite::Stage for Own {
    fn registry(&self) -> &'static str {
        "etcd"
    }

    fn options(&self) -> Options {
        Options {
            addresses: vec![self.addr],
            ..Options::default()
        }
    }

    /// The shortest that etcd knows.
    fn short(&self) -> Duration {
        Duration::from_secs(2)
    }
}

impl suite::Away for Own {
    async fn away(&self) {
        self.with(Etcd::kill).await;
    }

    async fn back(&self) {
        self.with(|etcd| etcd.start_again().unwrap()).await;
    }
}

// One test: a process for each test would start an etcd for each of the seventeen situations.
every_registry_at_once!(Own::shared(), a_killed_process_is_gone_after_its_time);
away_and_back!(Own::alone());

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn away_takes_nobody_away() {
    suite::away_takes_nobody_away(&Own::alone().await).await;
}

/// An etcd that comes back with nothing: its disk is lost.
struct Wiped(Own);

impl suite::Stage for Wiped {
    fn registry(&self) -> &'static str {
        self.0.registry()
    }

    fn options(&self) -> Options {
        self.0.options()
    }
}

impl suite::Away for Wiped {
    async fn away(&self) {
        self.0.away().await;
    }

    async fn back(&self) {
        let back = |etcd: &mut Etcd| {
            etcd.wipe().unwrap();
            etcd.start_again().unwrap();
        };
        self.0.with(back).await;
    }
}

mod with_nothing {
    use super::{Own, Wiped};

    async fn wiped() -> Wiped {
        Wiped(Own::alone().await)
    }

    away_and_back!(wiped());

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn away_takes_nobody_away() {
        crate::suite::away_takes_nobody_away(&wiped().await).await;
    }
}

/// An etcd that is there and says nothing, which is worse than one that is gone.
struct Silent(Own);

impl suite::Stage for Silent {
    fn registry(&self) -> &'static str {
        self.0.registry()
    }

    fn options(&self) -> Options {
        Options {
            // Every question waits for so long, and there are many.
            timeout: Duration::from_millis(500),
            ..self.0.options()
        }
    }
}

impl suite::Away for Silent {
    async fn away(&self) {
        self.0.with(|etcd| signal("STOP", etcd.id())).await;
    }

    async fn back(&self) {
        self.0.with(|etcd| signal("CONT", etcd.id())).await;
    }
}

fn signal(name: &str, process: u32) {
    let mut kill = std::process::Command::new("kill");
    let sent = kill.args(["-s", name, &process.to_string()]).status();
    assert!(sent.unwrap().success(), "kill -s {name} {process}");
}

mod silent {
    use super::{Own, Silent};

    async fn stage() -> Silent {
        Silent(Own::alone().await)
    }

    away_and_back!(stage());
}
