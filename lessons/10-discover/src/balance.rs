//! Many servers behind one channel. tonic's balanced channel chooses one of them for each call; this
//! file tells it who there is: those on the list, without those that refuse us.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpStream;
use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::{Notify, Semaphore, mpsc, watch};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until, timeout};
use tonic::transport::channel::Change;
use tonic::transport::{Channel, Endpoint};

use crate::watch::Snapshot;

/// How instances are dialled.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// The time for connecting.
    pub connect: Duration,
    /// Between two looks at an instance that refuses us.
    pub look: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            connect: Duration::from_secs(1),
            look: Duration::from_millis(250),
        }
    }
}

/// Who is called, and who is on the list and refuses.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Members {
    /// These are called.
    pub called: BTreeSet<SocketAddr>,
    /// These are on the list, and nobody accepts a connection there.
    pub refusing: BTreeSet<SocketAddr>,
}

/// A channel to everybody on a list that changes. A clone is another handle on the same one.
#[derive(Clone, Debug)]
pub struct Balanced {
    channel: Channel,
    suspicion: Arc<Notify>,
    members: watch::Receiver<Members>,
}

impl Balanced {
    /// Calls whoever is in the snapshots. Has to be called within a tokio runtime.
    #[must_use]
    pub fn over(snapshots: watch::Receiver<Snapshot>, settings: Settings) -> Self {
        let (channel, changes) = Channel::balance_channel(64);
        let suspicion = Arc::new(Notify::new());
        let (tell, members) = watch::channel(Members::default());
        let feeder = Feeder {
            settings,
            told: BTreeSet::new(),
            changes,
            listed: BTreeMap::new(),
            looks: JoinSet::new(),
            // A list of thousands is not dialled all at once.
            dialling: Arc::new(Semaphore::new(64)),
            tell,
        };
        tokio::spawn(feeder.run(snapshots, Arc::clone(&suspicion)));
        Balanced {
            channel,
            suspicion,
            members,
        }
    }

    /// For calls. With nobody to choose from, a call on it waits, and longer than its own deadline:
    /// that one begins when somebody is chosen. So callers look at [`Balanced::members`] first and
    /// have a clock of their own.
    #[must_use]
    pub fn channel(&self) -> Channel {
        self.channel.clone()
    }

    /// A call was refused, or its connection has broken. The channel does not say whose, so all are
    /// looked at: whoever does not accept a connection is called no more, until it does again.
    pub fn suspect(&self) {
        self.suspicion.notify_one();
    }

    /// Who is called at present.
    #[must_use]
    pub fn members(&self) -> watch::Receiver<Members> {
        self.members.clone()
    }
}

/// What is known about one address on the list.
struct Known {
    accepts: bool,
    /// Somebody is dialling, or will be.
    look: bool,
    last: Option<Instant>,
}

struct Feeder {
    settings: Settings,
    changes: mpsc::Sender<Change<SocketAddr, Endpoint>>,
    /// Whom the channel has.
    told: BTreeSet<SocketAddr>,
    listed: BTreeMap<SocketAddr, Known>,
    /// Each ends with an address, and whether somebody accepts there.
    looks: JoinSet<(SocketAddr, bool)>,
    dialling: Arc<Semaphore>,
    tell: watch::Sender<Members>,
}

/// The shortest time between two looks at one address: a service that answers UNAVAILABLE all day
/// must not make us dial it all day.
const REST: Duration = Duration::from_millis(20);

impl Feeder {
    // ANCHOR: run
    async fn run(mut self, mut snapshots: watch::Receiver<Snapshot>, suspicion: Arc<Notify>) {
        snapshots.mark_changed();
        let changes = self.changes.clone();
        loop {
            tokio::select! {
                changed = snapshots.changed() => match changed {
                    Ok(()) => self.adopt(&snapshots.borrow_and_update()),
                    Err(_) => return,
                },
                () = suspicion.notified() => self.look_at_all(),
                Some(Ok((addr, accepts))) = self.looks.join_next() => self.seen(addr, accepts),
                // The channel reads what it is told only while somebody calls.
                Ok(_) = changes.reserve(), if self.difference().is_some() => {}
                () = self.tell.closed() => return,
            }
            self.feed();
        }
    }
    // ANCHOR_END: run

    /// Another list.
    fn adopt(&mut self, snapshot: &Snapshot) {
        let listed: BTreeSet<SocketAddr> = snapshot.callable().map(|one| one.addr).collect();
        self.listed.retain(|addr, _| listed.contains(addr));
        for addr in listed {
            // Consul says that it is well. Until somebody is refused, so do we.
            self.listed.entry(addr).or_insert(Known {
                accepts: true,
                look: false,
                last: None,
            });
        }
    }

    // ANCHOR: feed
    /// Tells the channel the differences, as many as there is room for, and then everybody else.
    fn feed(&mut self) {
        while let Some(change) = self.difference() {
            let (addr, added) = match &change {
                Change::Insert(addr, _) => (*addr, true),
                Change::Remove(addr) => (*addr, false),
            };
            match self.changes.try_send(change) {
                Ok(()) if added => drop(self.told.insert(addr)),
                Ok(()) => drop(self.told.remove(&addr)),
                Err(TrySendError::Full(_) | TrySendError::Closed(_)) => break,
            }
        }
        let mut members = Members::default();
        for (addr, known) in &self.listed {
            match known.accepts {
                true => members.called.insert(*addr),
                false => members.refusing.insert(*addr),
            };
        }
        self.tell.send_if_modified(|told| {
            let news = *told != members;
            *told = members;
            news
        });
    }

    /// The next thing that the channel has to hear. Whoever stays on the list is not mentioned: a new
    /// `Insert` would throw a good connection away.
    fn difference(&self) -> Option<Change<SocketAddr, Endpoint>> {
        let wanted = |addr: &SocketAddr| self.listed.get(addr).is_some_and(|known| known.accepts);
        if let Some(gone) = self.told.iter().find(|addr| !wanted(addr)) {
            return Some(Change::Remove(*gone));
        }
        let new = (self.listed.keys()).find(|addr| wanted(addr) && !self.told.contains(addr))?;
        Some(Change::Insert(*new, self.endpoint(*new)))
    }
    // ANCHOR_END: feed

    // ANCHOR: look
    fn look_at_all(&mut self) {
        let listed: Vec<SocketAddr> = self.listed.keys().copied().collect();
        for addr in listed {
            self.look(addr, REST);
        }
    }

    /// Dials `addr`, at the earliest `pause` after the last time.
    fn look(&mut self, addr: SocketAddr, pause: Duration) {
        let Some(known) = self.listed.get_mut(&addr).filter(|known| !known.look) else {
            return;
        };
        known.look = true;
        let from = known.last.map_or_else(Instant::now, |last| last + pause);
        let (limit, dialling) = (self.settings.connect, Arc::clone(&self.dialling));
        self.looks.spawn(async move {
            sleep_until(from).await;
            let _one_of_few = dialling.acquire().await;
            let dialled = timeout(limit, TcpStream::connect(addr)).await;
            (addr, matches!(dialled, Ok(Ok(_))))
        });
    }

    /// What a look has shown.
    fn seen(&mut self, addr: SocketAddr, accepts: bool) {
        // It may have left the list meanwhile.
        let Some(known) = self.listed.get_mut(&addr) else {
            return;
        };
        known.accepts = accepts;
        known.look = false;
        known.last = Some(Instant::now());
        if !accepts {
            self.look(addr, self.settings.look);
        }
    }
    // ANCHOR_END: look

    fn endpoint(&self, addr: SocketAddr) -> Endpoint {
        Endpoint::from_shared(format!("http://{addr}"))
            .expect("an IP address and a port are a valid URI")
            .connect_timeout(self.settings.connect)
            // As often as gRPC's servers allow when nobody has told them otherwise.
            .http2_keep_alive_interval(Duration::from_secs(300))
            .keep_alive_timeout(Duration::from_secs(5))
            .keep_alive_while_idle(false)
    }
}
