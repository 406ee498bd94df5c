//! The listener. It has an mdns-sd daemon of its own, apart from the announcer's, so that it can be thrown away
//! with all that it has cached: a daemon that listens keeps what anyone announces, for as long as they ask, and
//! without a limit. A new one begins with a query, and has its answers soon.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use mdns_sd::{Receiver, ServiceDaemon, ServiceEvent};
use tokio::task::JoinHandle;
use tokio::time::{Instant, MissedTickBehavior, interval, sleep_until};

use super::{Place, layout};
use crate::extra::lock;
use crate::registries::table::{Full, Table};

/// Instances that are kept. More than that on one network is no case for multicast.
pub const MOST: usize = 1000;
/// DNS records in the daemon's cache, of all kinds: an instance has about six.
const RECORDS: i64 = 10_000;
/// Its timers: each record that comes in leaves one or two, for up to 75 minutes.
const TIMERS: i64 = 200_000;
/// How often we look at these numbers.
const LOOK: Duration = Duration::from_secs(1);

/// The counts of announcements that were not accepted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ignored {
    /// Announcements that were no instance.
    pub malformed: u64,
    /// What was wrong with the last one of them.
    pub why: Option<String>,
    /// Instances for which there was no room.
    pub too_many: u64,
    /// How often the daemon held too much and was thrown away.
    pub restarts: u64,
}

/// Listens until it is dropped.
#[derive(Debug)]
pub struct Listener {
    table: Arc<Mutex<Table>>,
    ignored: Arc<Mutex<Ignored>>,
    since: Instant,
    task: JoinHandle<()>,
}

impl Listener {
    /// Begins to listen.
    pub fn open(place: Place) -> Result<Listener, mdns_sd::Error> {
        let table = Arc::new(Mutex::new(Table::holding(MOST)));
        let ignored = Arc::default();
        let first = Daemon::start(place)?;
        let listen = Listen {
            place,
            table: Arc::clone(&table),
            ignored: Arc::clone(&ignored),
            names: Vec::new(),
        };
        Ok(Listener {
            table,
            ignored,
            since: Instant::now(),
            task: tokio::spawn(listen.run(first)),
        })
    }

    /// Returns the table of the known instances.
    pub fn table(&self) -> &Mutex<Table> {
        &self.table
    }

    /// Since when it listens.
    pub fn since(&self) -> Instant {
        self.since
    }

    /// Returns the counts of announcements that were not accepted.
    pub fn ignored(&self) -> Ignored {
        let mut ignored = lock(&self.ignored).clone();
        ignored.too_many = lock(&self.table).left_out();
        ignored
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        // The daemon is dropped with the task.
        self.task.abort();
    }
}

/// A daemon that asks for our type. Dropping the handles does not end its thread; this does.
struct Daemon {
    daemon: ServiceDaemon,
    events: Receiver<ServiceEvent>,
}

impl Daemon {
    fn start(place: Place) -> Result<Daemon, mdns_sd::Error> {
        let daemon = place.daemon()?;
        let events = daemon.browse(layout::TYPE)?;
        Ok(Daemon { daemon, events })
    }

    /// Returns whether it holds more than it should; no answer is no news.
    async fn too_big(&self) -> bool {
        let Ok(answer) = self.daemon.get_metrics() else {
            return false;
        };
        let Ok(metrics) = answer.recv_async().await else {
            return true;
        };
        let of = |name: &str| metrics.get(name).copied().unwrap_or(0);
        let kinds = ["ptr", "srv", "txt", "addr", "nsec", "subtype"];
        let records: i64 = kinds.iter().map(|kind| of(&format!("cached-{kind}"))).sum();
        records > RECORDS || of("timer") > TIMERS
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        // It refuses only while its queue is full, which it empties in no time.
        for _ in 0..100 {
            match self.daemon.shutdown() {
                Err(mdns_sd::Error::Again) => std::thread::yield_now(),
                _ => break,
            }
        }
    }
}

struct Listen {
    place: Place,
    table: Arc<Mutex<Table>>,
    ignored: Arc<Mutex<Ignored>>,
    /// Which label has announced which id. As many as there are instances.
    names: Vec<(String, String)>,
}

impl Listen {
    async fn run(mut self, first: Daemon) {
        let mut daemon = first;
        loop {
            self.listen(&daemon).await;
            // It holds too much, or we were too slow for it and it has closed the subscription. Those who
            // did not say how long they are good for have to be heard again.
            lock(&self.ignored).restarts += 1;
            lock(&self.table).doubt(Instant::now());
            daemon = loop {
                match Daemon::start(self.place) {
                    Ok(next) => break next,
                    // The system has no thread left: try again later.
                    Err(_) => tokio::time::sleep(LOOK).await,
                }
            };
        }
    }

    /// Until the daemon is of no use any more.
    async fn listen(&mut self, daemon: &Daemon) {
        let mut look = interval(LOOK);
        look.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let next = lock(&self.table).expire(Instant::now());
            let next = next.unwrap_or_else(|| Instant::now() + LOOK);
            tokio::select! {
                event = daemon.events.recv_async() => match event {
                    Ok(event) => self.take(event),
                    Err(_) => return,
                },
                () = sleep_until(next) => {}
                _ = look.tick() => {
                    if daemon.too_big().await {
                        return;
                    }
                }
            }
        }
    }

    fn take(&mut self, event: ServiceEvent) {
        match event {
            ServiceEvent::ServiceResolved(service) => match layout::heard(&service) {
                Ok((instance, ttl)) => {
                    let until = ttl.map(|ttl| Instant::now() + ttl);
                    let id = instance.id.clone();
                    let mut table = lock(&self.table);
                    if table.put(instance, until) == Err(Full) {
                        return;
                    }
                    self.names.retain(|(label, known)| {
                        // A label that has another id now has it no more.
                        if *label == service.fullname && *known != id {
                            table.remove(known);
                        }
                        *known != id && *label != service.fullname && table.get(known).is_some()
                    });
                    self.names.push((service.fullname, id));
                }
                Err(why) => {
                    let mut ignored = lock(&self.ignored);
                    ignored.malformed += 1;
                    ignored.why = Some(why);
                }
            },
            ServiceEvent::ServiceRemoved(_, gone) => {
                let said = self.names.iter().position(|(label, _)| *label == gone);
                if let Some(said) = said {
                    let (_, id) = self.names.swap_remove(said);
                    lock(&self.table).remove(&id);
                }
            }
            // Found is only the name; the rest is about our own question.
            _ => {}
        }
    }
}
