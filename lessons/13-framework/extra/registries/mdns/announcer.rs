//! The announcer. It announces what this process has, and says goodbye: when it is told to, when a heartbeat
//! has not come in time, and when it is dropped.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use mdns_sd::{DaemonEvent, Receiver, ServiceDaemon, UnregisterStatus};
use tokio::sync::Notify;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep, sleep_until, timeout};

use super::{Place, away, layout};
use crate::extra::{lock, moment};
use crate::registries::bounds::INSTANCES;
use crate::registry::{Error, Instance};

/// mdns-sd says each goodbye twice, because one packet may be lost. The second comes after 120 ms, and
/// would take back what was announced again before.
const TWICE: Duration = Duration::from_millis(150);
/// When a newcomer is announced once more, with another beat. A listener that has received a goodbye keeps the records
/// for one second, as the standard says; an announcement in that second, which repeats what they hold, brings
/// them back to life without being news. After this time they are either there or not.
const ECHO: Duration = Duration::from_secs(2);

/// Announces instances until it is dropped.
#[derive(Debug)]
pub struct Announcer {
    said: Arc<Said>,
    minder: JoinHandle<()>,
}

struct Said {
    daemon: ServiceDaemon,
    /// What was announced, by the full name.
    leases: Mutex<BTreeMap<String, Lease>>,
    /// Until when a goodbye is being said, by the full name.
    leaving: Mutex<BTreeMap<String, Instant>>,
    changed: Notify,
}

#[derive(Debug)]
struct Lease {
    instance: Instance,
    until: Instant,
    echo: Option<Instant>,
}

impl std::fmt::Debug for Said {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut said = f.debug_struct("Said");
        said.field("leases", &self.leases).finish_non_exhaustive()
    }
}

impl Announcer {
    /// Opens the announcer. Nothing is sent yet.
    pub fn open(place: Place) -> Result<Announcer, mdns_sd::Error> {
        let said = Arc::new(Said {
            daemon: place.daemon()?,
            leases: Mutex::default(),
            leaving: Mutex::default(),
            changed: Notify::new(),
        });
        let minder = tokio::spawn(mind(Arc::clone(&said)));
        Ok(Announcer { said, minder })
    }

    /// Announces, again or for the first time, and returns when that is done.
    pub async fn announce(
        &self,
        instance: &Instance,
        ttl: Duration,
        limit: Duration,
    ) -> Result<(), Error> {
        // It is looked at before anything is waited for or kept.
        let name = layout::announcement(instance, ttl)?
            .get_fullname()
            .to_owned();
        let leaving = lock(&self.said.leaving).get(&name).copied();
        if let Some(gone) = leaving {
            sleep_until(gone).await;
        }
        let announcement = layout::announcement(instance, ttl)?;
        let now = Instant::now();
        {
            let mut leases = lock(&self.said.leases);
            if leases.len() >= INSTANCES && !leases.contains_key(&name) {
                return Err(Error::Refused(format!("{INSTANCES} instances are all")));
            }
            let echo = match leases.get(&name) {
                None => Some(now + ECHO),
                Some(lease) => lease.echo,
            };
            let lease = Lease {
                instance: instance.clone(),
                until: now + ttl,
                echo,
            };
            leases.insert(name.clone(), lease);
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
        timeout(limit, announced).await.unwrap_or_else(|_| {
            Err(Error::Away(
                "it could not be announced: no socket for mDNS, or the address is not on that interface".into(),
            ))
        })
    }

    /// Takes back what was announced for this id.
    pub async fn goodbye(&self, id: &str, limit: Duration) -> Result<(), Error> {
        let name = format!("{}.{}", layout::label(id), layout::TYPE);
        if lock(&self.said.leases).remove(&name).is_none() {
            return Ok(());
        }
        let done = self.said.unregister(&name)?;
        let done = timeout(limit, done.recv_async()).await;
        if !matches!(done, Ok(Ok(_))) {
            return Err(Error::Away("the mDNS daemon does not answer".into()));
        }
        // The process may end now, and should have said it twice.
        sleep(TWICE).await;
        Ok(())
    }
}

impl Said {
    fn unregister(&self, name: &str) -> Result<Receiver<UnregisterStatus>, Error> {
        let now = Instant::now();
        let mut leaving = lock(&self.leaving);
        leaving.retain(|_, gone| *gone > now);
        leaving.insert(name.to_owned(), now + TWICE);
        self.daemon.unregister(name).map_err(away)
    }
}

/// mdns-sd says goodbye for all when it is shut down. A `drop` cannot wait for it, so it is waited for in
/// a thread: a process that ends at once would end before it has spoken.
impl Drop for Announcer {
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

/// Takes back what was not announced again in time, and repeats what is new.
async fn mind(said: Arc<Said>) {
    loop {
        let now = Instant::now();
        let next = {
            let mut leases = lock(&said.leases);
            leases.retain(|name, lease| {
                if lease.until <= now {
                    // If it is too busy for that, those who listen find out by themselves.
                    _ = said.unregister(name);
                    return false;
                }
                if lease.echo.is_some_and(|echo| echo <= now) {
                    lease.echo = None;
                    // It is as long good as it was before, and was looked at then.
                    if let Ok(again) = layout::announcement(&lease.instance, lease.until - now) {
                        _ = said.daemon.register(again);
                    }
                }
                true
            });
            let times = leases
                .values()
                .flat_map(|lease| [Some(lease.until), lease.echo]);
            times.flatten().min()
        };
        tokio::select! {
            () = moment(next) => {}
            () = said.changed.notified() => {}
        }
    }
}
