//! Many servers behind one channel. tonic's balanced channel chooses one for each call; this file
//! tells it who there is: those on the list, without those that refuse us.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpStream;
use tokio::sync::{Notify, mpsc, watch};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout};
use tonic::transport::channel::Change;
use tonic::transport::{Channel, Endpoint};

use crate::watch::Snapshot;

/// What the channel may try, and for how long.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// The time for connecting.
    pub connect: Duration,
    /// Between two looks at an instance that refuses us.
    pub probe: Duration,
    /// Whether instances that refuse us are taken out. Without it: what tonic does by itself.
    pub take_out: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            connect: Duration::from_secs(1),
            probe: Duration::from_millis(250),
            take_out: true,
        }
    }
}

/// Who is called, and who is on the list and refuses.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Members {
    /// These are called.
    pub called: Vec<SocketAddr>,
    /// These are on the list, and refuse us.
    pub refusing: Vec<SocketAddr>,
}

/// The channel, and the way to tell it that somebody was refused.
#[derive(Clone, Debug)]
pub struct Balanced {
    channel: Channel,
    suspicion: Arc<Notify>,
    members: watch::Receiver<Members>,
}

impl Balanced {
    /// A channel to all instances of the snapshots.
    pub fn over(snapshots: watch::Receiver<Snapshot>, settings: Settings) -> Self {
        let (channel, changes) = Channel::balance_channel(64);
        let suspicion = Arc::new(Notify::new());
        let (tell, members) = watch::channel(Members::default());
        let feeder = Feeder {
            settings,
            changes,
            tell,
            known: BTreeMap::new(),
            probes: JoinSet::new(),
        };
        tokio::spawn(feeder.run(snapshots, Arc::clone(&suspicion)));
        Balanced {
            channel,
            suspicion,
            members,
        }
    }

    /// For calls.
    pub fn channel(&self) -> Channel {
        self.channel.clone()
    }

    /// Says that a call was refused, or its connection lost. The channel does not say whose it was,
    /// so all are looked at.
    pub fn suspect(&self) {
        self.suspicion.notify_one();
    }

    /// Who is called at present.
    pub fn members(&self) -> watch::Receiver<Members> {
        self.members.clone()
    }
}

/// What is known about one address.
struct Known {
    /// Whether the channel has it.
    called: bool,
    /// Whether somebody is looking.
    probed: bool,
}

struct Feeder {
    settings: Settings,
    changes: mpsc::Sender<Change<SocketAddr, Endpoint>>,
    tell: watch::Sender<Members>,
    known: BTreeMap<SocketAddr, Known>,
    /// Each ends with an address and whether it accepts.
    probes: JoinSet<(SocketAddr, bool)>,
}

impl Feeder {
    async fn run(mut self, mut snapshots: watch::Receiver<Snapshot>, suspicion: Arc<Notify>) {
        self.adopt(&mut snapshots).await;
        loop {
            tokio::select! {
                () = self.tell.closed() => return,
                changed = snapshots.changed() => match changed {
                    Ok(()) => self.adopt(&mut snapshots).await,
                    Err(_) => return,
                },
                () = suspicion.notified(), if self.settings.take_out => self.look_at_all(),
                Some(Ok((addr, accepts))) = self.probes.join_next() => {
                    self.probed(addr, accepts).await;
                }
            }
        }
    }

    /// The list is new: tell the channel the differences.
    async fn adopt(&mut self, snapshots: &mut watch::Receiver<Snapshot>) {
        let listed: Vec<SocketAddr> = snapshots
            .borrow_and_update()
            .instances
            .iter()
            .map(|i| i.addr)
            .collect();
        let gone: Vec<SocketAddr> = self
            .known
            .keys()
            .filter(|addr| !listed.contains(addr))
            .copied()
            .collect();
        for addr in gone {
            if self.known.remove(&addr).is_some_and(|known| known.called) {
                self.change(Change::Remove(addr)).await;
            }
        }
        for addr in listed {
            if !self.known.contains_key(&addr) {
                let known = Known {
                    called: true,
                    probed: false,
                };
                self.known.insert(addr, known);
                self.change(Change::Insert(addr, self.endpoint(addr))).await;
            }
        }
        self.report();
    }

    fn look_at_all(&mut self) {
        let addrs: Vec<SocketAddr> = self.known.keys().copied().collect();
        for addr in addrs {
            self.look(addr, Duration::ZERO);
        }
    }

    fn look(&mut self, addr: SocketAddr, after: Duration) {
        let Some(known) = self.known.get_mut(&addr) else {
            return;
        };
        if known.probed {
            return;
        }
        known.probed = true;
        let limit = self.settings.connect;
        self.probes.spawn(async move {
            sleep(after).await;
            let accepts = matches!(
                timeout(limit, TcpStream::connect(addr)).await,
                Ok(Ok(_))
            );
            (addr, accepts)
        });
    }

    async fn probed(&mut self, addr: SocketAddr, accepts: bool) {
        let endpoint = self.endpoint(addr);
        let Some(known) = self.known.get_mut(&addr) else {
            return;
        };
        known.probed = false;
        if known.called == accepts {
            if !accepts {
                self.look(addr, self.settings.probe);
            }
            return;
        }
        known.called = accepts;
        if accepts {
            self.change(Change::Insert(addr, endpoint)).await;
        } else {
            self.change(Change::Remove(addr)).await;
            self.look(addr, self.settings.probe);
        }
        self.report();
    }

    async fn change(&self, change: Change<SocketAddr, Endpoint>) {
        // The channel is gone when nobody can call any more.
        let _ = self.changes.send(change).await;
    }

    fn endpoint(&self, addr: SocketAddr) -> Endpoint {
        Endpoint::from_shared(format!("http://{addr}"))
            .unwrap_or_else(|_| Endpoint::from_static("http://127.0.0.1:1"))
            .connect_timeout(self.settings.connect)
    }

    fn report(&self) {
        let mut members = Members::default();
        for (addr, known) in &self.known {
            if known.called {
                members.called.push(*addr);
            } else {
                members.refusing.push(*addr);
            }
        }
        let _ = Instant::now();
        self.tell.send_if_modified(|told| {
            let news = *told != members;
            *told = members;
            news
        });
    }
}
