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
    trouble: Trouble,
}

/// What is wrong with it while it is away.
#[derive(Clone, Copy, PartialEq)]
enum Trouble {
    Killed,
    /// Its disk is lost: it comes back with nothing.
    Wiped,
    /// It is there and says nothing, which is worse than one that is gone.
    Silent,
}

impl Own {
    /// On one server for all tests: each has names of its own.
    async fn shared() -> Own {
        static SHARED: OnceLock<Etcd> = OnceLock::new();
        let start = || SHARED.get_or_init(|| Etcd::start().unwrap()).addr();
        let addr = spawn_blocking(start).await.unwrap();
        Own {
            addr,
            server: None,
            trouble: Trouble::Killed,
        }
    }

    /// On a server that no other test uses.
    async fn alone(trouble: Trouble) -> Own {
        let server = spawn_blocking(|| Etcd::start().unwrap()).await.unwrap();
        Own {
            addr: server.addr(),
            server: Some(Arc::new(Mutex::new(server))),
            trouble,
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
        let mut options = Options {
            addresses: vec![self.addr],
            ..Options::default()
        };
        if self.trouble == Trouble::Silent {
            // Every question waits for so long, and there are many.
            options.timeout = Duration::from_millis(500);
        }
        options
    }

    /// The shortest that etcd knows.
    fn short(&self) -> Duration {
        Duration::from_secs(2)
    }
}

impl suite::Away for Own {
    async fn away(&self) {
        match self.trouble {
            Trouble::Silent => self.with(|etcd| signal("STOP", etcd.id())).await,
            Trouble::Killed | Trouble::Wiped => self.with(|etcd| etcd.kill()).await,
        }
    }

    async fn back(&self) {
        let trouble = self.trouble;
        let back = move |etcd: &mut Etcd| match trouble {
            Trouble::Silent => signal("CONT", etcd.id()),
            Trouble::Killed => etcd.start_again().unwrap(),
            Trouble::Wiped => {
                etcd.wipe().unwrap();
                etcd.start_again().unwrap();
            }
        };
        self.with(back).await;
    }
}

fn signal(name: &str, process: u32) {
    let mut kill = std::process::Command::new("kill");
    let sent = kill.args(["-s", name, &process.to_string()]).status();
    assert!(sent.unwrap().success(), "kill -s {name} {process}");
}

// One test: a process for each test would start an etcd for each of the seventeen situations.
every_registry_at_once!(Own::shared(), a_killed_process_is_gone_after_its_time);
away_and_back!(Own::alone(Trouble::Killed), away_takes_nobody_away);

mod with_nothing {
    use super::{Own, Trouble};

    away_and_back!(Own::alone(Trouble::Wiped), away_takes_nobody_away);
}

mod silent {
    use super::{Own, Trouble};

    away_and_back!(Own::alone(Trouble::Silent));
}
