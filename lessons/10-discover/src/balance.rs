//! Client-side load balancing: one tonic channel over several servers. tonic's balanced channel chooses a
//! server for each call. The task in this file tells the channel which servers there are: the healthy
//! instances that Consul reports, without those that refuse connections.

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

/// The options of the connections to instances.
#[derive(Clone, Copy, Debug)]
pub struct DialOptions {
    /// The time limit for connecting.
    pub connect_timeout: Duration,
    /// The time between two probes of an instance that refuses connections.
    pub probe_interval: Duration,
}

impl Default for DialOptions {
    fn default() -> Self {
        DialOptions {
            connect_timeout: Duration::from_secs(1),
            probe_interval: Duration::from_millis(250),
        }
    }
}

/// The listed instances, by whether they accept connections.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Members {
    /// Calls go to these.
    pub called: BTreeSet<SocketAddr>,
    /// These are listed, and the last probe could not connect to them.
    pub refusing: BTreeSet<SocketAddr>,
}

/// A channel to all instances of a list that changes. A clone is another handle on the same channel.
#[derive(Clone, Debug)]
pub struct Balanced {
    channel: Channel,
    suspicion: Arc<Notify>,
    members: watch::Receiver<Members>,
}

impl Balanced {
    /// Calls the instances of the latest snapshot. It spawns a task, so it needs a tokio runtime.
    pub fn over(snapshots: watch::Receiver<Snapshot>, options: DialOptions) -> Self {
        let (channel, changes) = Channel::balance_channel(64);
        let suspicion = Arc::new(Notify::new());
        let (publish, members) = watch::channel(Members::default());
        let feeder = Feeder {
            options,
            changes,
            in_channel: BTreeSet::new(),
            listed: BTreeMap::new(),
            probes: JoinSet::new(),
            // A list of thousands is not dialled all at once.
            dialling: Arc::new(Semaphore::new(64)),
            publish,
        };
        tokio::spawn(feeder.run(snapshots, Arc::clone(&suspicion)));
        Balanced {
            channel,
            suspicion,
            members,
        }
    }

    /// The channel for calls. While it has no server, a call on it waits, and longer than the deadline of
    /// the call, because tonic starts that clock when a server is chosen. A caller therefore looks at
    /// [`Balanced::members`] first and has a timeout of its own.
    pub fn channel(&self) -> Channel {
        self.channel.clone()
    }

    /// Reports that a call was refused, or that its connection broke. The channel does not say which server
    /// it was, so all listed instances are probed. One that does not accept a connection gets no calls until
    /// it accepts again.
    pub fn suspect(&self) {
        self.suspicion.notify_one();
    }

    /// The instances, by whether they accept connections.
    pub fn members(&self) -> watch::Receiver<Members> {
        self.members.clone()
    }
}

/// What is known about one listed address.
struct Instance {
    /// What the last probe found; true before the first one.
    accepts: bool,
    /// A probe is under way, or waits for its time.
    probing: bool,
    /// When the last probe ended.
    probed: Option<Instant>,
}

/// The task that keeps the channel and the list the same.
struct Feeder {
    options: DialOptions,
    changes: mpsc::Sender<Change<SocketAddr, Endpoint>>,
    /// The servers that the channel has.
    in_channel: BTreeSet<SocketAddr>,
    listed: BTreeMap<SocketAddr, Instance>,
    /// Each probe ends with its address, and whether a server accepts connections there.
    probes: JoinSet<(SocketAddr, bool)>,
    dialling: Arc<Semaphore>,
    publish: watch::Sender<Members>,
}

/// The shortest time between two probes of one address. A service that answers UNAVAILABLE to all calls
/// would otherwise be dialled once for each call.
const MIN_PROBE_INTERVAL: Duration = Duration::from_millis(20);

impl Feeder {
    // ANCHOR: run
    async fn run(mut self, mut snapshots: watch::Receiver<Snapshot>, suspicion: Arc<Notify>) {
        snapshots.mark_changed();
        let changes = self.changes.clone();
        loop {
            tokio::select! {
                changed = snapshots.changed() => match changed {
                    Ok(()) => self.list(&snapshots.borrow_and_update()),
                    Err(_) => return,
                },
                () = suspicion.notified() => self.probe_all(),
                Some(Ok((addr, accepts))) = self.probes.join_next() => self.probed(addr, accepts),
                // The channel takes changes only while calls are made on it.
                Ok(_) = changes.reserve(), if self.next_change().is_some() => {}
                () = self.publish.closed() => return,
            }
            self.feed();
        }
    }
    // ANCHOR_END: run

    /// Takes over the list of a snapshot.
    fn list(&mut self, snapshot: &Snapshot) {
        let listed: BTreeSet<SocketAddr> = snapshot.callable().map(|one| one.addr).collect();
        self.listed.retain(|addr, _| listed.contains(addr));
        for addr in listed {
            // Consul reports it as healthy; it counts as accepting until a probe fails.
            self.listed.entry(addr).or_insert(Instance {
                accepts: true,
                probing: false,
                probed: None,
            });
        }
    }

    // ANCHOR: feed
    /// Sends the channel as many changes as it has room for, then publishes the members.
    fn feed(&mut self) {
        while let Some(change) = self.next_change() {
            let (addr, added) = match &change {
                Change::Insert(addr, _) => (*addr, true),
                Change::Remove(addr) => (*addr, false),
            };
            match self.changes.try_send(change) {
                Ok(()) if added => drop(self.in_channel.insert(addr)),
                Ok(()) => drop(self.in_channel.remove(&addr)),
                Err(TrySendError::Full(_) | TrySendError::Closed(_)) => break,
            }
        }
        let mut members = Members::default();
        for (addr, instance) in &self.listed {
            match instance.accepts {
                true => members.called.insert(*addr),
                false => members.refusing.insert(*addr),
            };
        }
        self.publish.send_if_modified(|published| {
            let changed = *published != members;
            *published = members;
            changed
        });
    }

    /// The next difference between the list and the channel. A server that stays gets no second `Insert`,
    /// because that would replace its connection.
    fn next_change(&self) -> Option<Change<SocketAddr, Endpoint>> {
        let wanted = |addr: &SocketAddr| self.listed.get(addr).is_some_and(|one| one.accepts);
        if let Some(gone) = self.in_channel.iter().find(|addr| !wanted(addr)) {
            return Some(Change::Remove(*gone));
        }
        let missing = |addr: &&SocketAddr| wanted(addr) && !self.in_channel.contains(*addr);
        let new = self.listed.keys().find(missing)?;
        Some(Change::Insert(*new, self.endpoint(*new)))
    }
    // ANCHOR_END: feed

    // ANCHOR: probe
    fn probe_all(&mut self) {
        let listed: Vec<SocketAddr> = self.listed.keys().copied().collect();
        for addr in listed {
            self.probe(addr, MIN_PROBE_INTERVAL);
        }
    }

    /// Dials `addr`, at the earliest `interval` after its last probe.
    fn probe(&mut self, addr: SocketAddr, interval: Duration) {
        let Some(instance) = self.listed.get_mut(&addr).filter(|one| !one.probing) else {
            return;
        };
        instance.probing = true;
        let from = instance
            .probed
            .map_or_else(Instant::now, |last| last + interval);
        let (limit, dialling) = (self.options.connect_timeout, Arc::clone(&self.dialling));
        self.probes.spawn(async move {
            sleep_until(from).await;
            let _permit = dialling.acquire().await;
            let dialled = timeout(limit, TcpStream::connect(addr)).await;
            (addr, matches!(dialled, Ok(Ok(_))))
        });
    }

    /// Takes over the result of a probe. The next one follows if the instance refused.
    fn probed(&mut self, addr: SocketAddr, accepts: bool) {
        // The instance may have left the list meanwhile.
        let Some(instance) = self.listed.get_mut(&addr) else {
            return;
        };
        instance.accepts = accepts;
        instance.probing = false;
        instance.probed = Some(Instant::now());
        if !accepts {
            self.probe(addr, self.options.probe_interval);
        }
    }
    // ANCHOR_END: probe

    fn endpoint(&self, addr: SocketAddr) -> Endpoint {
        Endpoint::from_shared(format!("http://{addr}"))
            .expect("an IP address and a port are a valid URI")
            .connect_timeout(self.options.connect_timeout)
            // The shortest interval that gRPC servers allow by default.
            .http2_keep_alive_interval(Duration::from_secs(300))
            .keep_alive_timeout(Duration::from_secs(5))
            .keep_alive_while_idle(false)
    }
}
