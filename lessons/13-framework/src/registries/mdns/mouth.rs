//! The one who speaks. It announces what this process has, and says goodbye: when it is told to, when a
//! heartbeat has not come in time, and when it is dropped.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use mdns_sd::{DaemonEvent, ServiceDaemon, ServiceInfo};
use tokio::sync::Notify;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep, sleep_until, timeout};

use super::{Place, away, layout, lock};
use crate::registries::bounds::INSTANCES;
use crate::registry::Error;

/// mdns-sd says each goodbye twice, because one packet may be lost. The second comes after 120 ms.
const TWICE: Duration = Duration::from_millis(150);

/// It speaks until it is dropped.
#[derive(Debug)]
pub struct Mouth {
    said: Arc<Said>,
    minder: JoinHandle<()>,
}

struct Said {
    daemon: ServiceDaemon,
    /// Until when what was announced is good, by the full name.
    until: Mutex<BTreeMap<String, Instant>>,
    changed: Notify,
}

impl std::fmt::Debug for Said {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Said")
            .field("until", &self.until)
            .finish_non_exhaustive()
    }
}

impl Mouth {
    /// Nothing is sent yet.
    pub fn open(place: Place) -> Result<Mouth, mdns_sd::Error> {
        let said = Arc::new(Said {
            daemon: place.daemon()?,
            until: Mutex::default(),
            changed: Notify::new(),
        });
        let minder = tokio::spawn(mind(Arc::clone(&said)));
        Ok(Mouth { said, minder })
    }

    /// Announces, again or for the first time, and returns when that is done.
    pub async fn announce(
        &self,
        announcement: ServiceInfo,
        ttl: Duration,
        patience: Duration,
    ) -> Result<(), Error> {
        let name = announcement.get_fullname().to_owned();
        let until = Instant::now() + ttl;
        {
            let mut all = lock(&self.said.until);
            if all.len() >= INSTANCES && !all.contains_key(&name) {
                return Err(Error::Refused(format!("{INSTANCES} instances are all")));
            }
            all.insert(name.clone(), until);
        }
        self.said.changed.notify_one();
        // The only sign of success is this event; an address that is not one of the interface's has none.
        let events = self.said.daemon.monitor().map_err(away)?;
        self.said.daemon.register(announcement).map_err(away)?;
        let announced = async {
            loop {
                match events.recv_async().await {
                    Ok(DaemonEvent::Announce(announced, _)) if announced == name => return Ok(()),
                    Ok(DaemonEvent::Error(why)) => return Err(away(why)),
                    Ok(_) => {}
                    Err(_) => return Err(Error::Away("the mDNS daemon has ended".into())),
                }
            }
        };
        timeout(patience, announced).await.unwrap_or_else(|_| {
            Err(Error::Away(
                "it could not be announced: no socket for mDNS, or the address is not on that interface".into(),
            ))
        })
    }

    /// Takes back what was announced for this id.
    pub async fn goodbye(&self, id: &str, patience: Duration) -> Result<(), Error> {
        let name = format!("{}.{}", layout::label(id), layout::TYPE);
        if lock(&self.said.until).remove(&name).is_none() {
            return Ok(());
        }
        let done = self.said.daemon.unregister(&name).map_err(away)?;
        let done = timeout(patience, done.recv_async()).await;
        if !matches!(done, Ok(Ok(_))) {
            return Err(Error::Away("the mDNS daemon does not answer".into()));
        }
        // Whoever registers it again, or ends, does so after the second goodbye.
        sleep(TWICE).await;
        Ok(())
    }
}

/// mdns-sd says goodbye for all when it is shut down. Nobody can wait for it here, so it is waited for in
/// a thread: a process that ends at once would end before it has spoken.
impl Drop for Mouth {
    fn drop(&mut self) {
        self.minder.abort();
        for _ in 0..100 {
            match self.said.daemon.shutdown() {
                Ok(done) => {
                    _ = done.recv_timeout(Duration::from_millis(500));
                    break;
                }
                // Its queue is full, which it empties in no time.
                Err(mdns_sd::Error::Again) => std::thread::sleep(Duration::from_millis(1)),
                Err(_) => break,
            }
        }
    }
}

/// Takes back what was not announced again in time.
async fn mind(said: Arc<Said>) {
    loop {
        let now = Instant::now();
        let next = {
            let mut all = lock(&said.until);
            let over = all.iter().filter(|(_, until)| **until <= now);
            let over: Vec<_> = over.map(|(name, _)| name.clone()).collect();
            for name in over {
                // Busy: then those who listen find out by themselves.
                _ = said.daemon.unregister(&name);
                all.remove(&name);
            }
            all.values().min().copied()
        };
        let over = async {
            match next {
                Some(next) => sleep_until(next).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = over => {}
            () = said.changed.notified() => {}
        }
    }
}
