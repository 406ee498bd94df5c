//! Gossip: each node sends what it knows to a few others, again and again, until all know it. There is no
//! server. A new node has to know one node that takes part.
//!
//! *Pushed*, from neighbour to neighbour: what has changed reaches N participants in about log(N) rounds
//! of 0.1 s. *AP*: when the network breaks, each side goes on with those it can reach, and later they
//! find together again. So what it says is true *in the end*: two participants may see two things at the
//! same moment, and there is no order between what two of them have said. No node confirms anything:
//! `register` is done once this participant knows it.
//!
//! It needs the address of one neighbour ([`Options::addresses`], else 127.0.0.1:7946). All may be given
//! the same: the first one on a machine takes that address for its own, the others take a free port. When
//! that one ends, another one moves to its place, so that new nodes find a node there.
//!
//! A participant's heartbeat travels with the gossip, so there is one for all of its instances. If none has
//! been heard for the time to live of an instance, that is gone. A participant who lives and has not
//! registered an instance again in time takes it back by itself. Only the owner can deregister: to others
//! there is nothing of theirs to take back. Dropped, a participant is silent from then on.
//!
//! chitchat carries it: Scuttlebutt reconciliation over UDP (van Renesse et al., "Efficient Reconciliation
//! and Flow Control for Anti-Entropy Protocols", 2008).
//!
//! # Layout
//!
//! * `value`: an instance as a value.
//! * `node`: a participant, and where it gets its address.
//! * `hear`: which instances follow from what is passed on.

mod hear;
mod node;
mod value;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use chitchat::ChitchatHandle;
use chitchat::transport::UdpSocket;
use tokio::sync::{Mutex as AsyncMutex, OnceCell};
use tokio::task::JoinHandle;
use tokio::time::{Instant, MissedTickBehavior, interval, sleep};

use crate::extra::lock;
use crate::registries::bounds;
use crate::registries::table::Table;
use crate::registry::{Error, Instance, Options, Registry, Watch};
use hear::Hearsay;
pub use hear::Ignored;

/// The neighbour that is asked when none is named.
pub const NEIGHBOUR: SocketAddr =
    SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 7946);
/// How long a newcomer waits for neighbours before it answers its first question. It believes a second
/// heartbeat only, and on a busy machine half a second was not enough for that.
const FIRST: Duration = Duration::from_millis(1500);
/// In which rounds it looks whether a neighbour's place has become free: once a second.
const PLACE: u64 = 10;
/// How many neighbours are told at once that something was taken back.
const TOLD: usize = 16;

/// The registry whose participants tell each other. It begins to take part when it is first used.
#[derive(Debug, Default)]
pub struct Gossip {
    options: Options,
    part: OnceCell<Part>,
}

/// One who takes part.
#[derive(Debug)]
struct Part {
    shared: Arc<Shared>,
    since: Instant,
    task: JoinHandle<()>,
}

struct Shared {
    /// Where it is now. It may move to the place of a neighbour who has ended.
    addr: Mutex<SocketAddr>,
    seeds: Vec<SocketAddr>,
    handle: AsyncMutex<ChitchatHandle>,
    /// What this participant says, and until when it is good, by id.
    own: Mutex<BTreeMap<String, (String, Instant)>>,
    table: Mutex<Table>,
    hearsay: Mutex<Hearsay>,
}

impl std::fmt::Debug for Shared {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut shared = f.debug_struct("Shared");
        shared.field("addr", &self.addr).field("seeds", &self.seeds);
        shared.finish_non_exhaustive()
    }
}

impl Gossip {
    /// Makes a node that takes the address of the neighbour if that is free, and else a free port of
    /// 127.0.0.1.
    pub fn new() -> Self {
        Self::default()
    }

    /// Returns the address of this node, which others can be given as a neighbour's.
    ///
    /// # Errors
    /// [`Error`]: the address is taken.
    pub async fn addr(&self) -> Result<SocketAddr, Error> {
        Ok(*lock(&self.part().await?.shared.addr))
    }

    /// Returns the counts of instances that were received and not accepted; zero before the first
    /// use.
    pub fn ignored(&self) -> Ignored {
        let part = self.part.get();
        part.map(|part| lock(&part.shared.hearsay).ignored.clone())
            .unwrap_or_default()
    }

    async fn part(&self) -> Result<&Part, Error> {
        let start = async || {
            let mut seeds = self.options.addresses.clone();
            if seeds.is_empty() {
                seeds.push(NEIGHBOUR);
            }
            Part::start(seeds).await
        };
        self.part.get_or_try_init(start).await
    }
}

impl Part {
    async fn start(seeds: Vec<SocketAddr>) -> Result<Part, Error> {
        let socket = node::open(&seeds).await?;
        let handle = node::start(socket, &seeds, Vec::new()).await?;
        let shared = Arc::new(Shared {
            addr: Mutex::new(handle.chitchat_id().gossip_advertise_addr),
            seeds,
            handle: AsyncMutex::new(handle),
            own: Mutex::default(),
            table: Mutex::default(),
            hearsay: Mutex::default(),
        });
        let task = tokio::spawn(Arc::clone(&shared).run());
        Ok(Part {
            shared,
            since: Instant::now(),
            task,
        })
    }

    /// The table, once a newcomer has had time to hear of others. One who has heard does not wait.
    async fn listened(&self, limit: Duration) -> &Mutex<Table> {
        let until = self.since + FIRST.min(limit);
        while Instant::now() < until && !self.shared.has_heard().await {
            sleep(node::ROUND / 4).await;
        }
        &self.shared.table
    }
}

impl Drop for Part {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Shared {
    async fn has_heard(&self) -> bool {
        let handle = self.handle.lock().await;
        // One of them is this one.
        handle
            .with_chitchat(|chitchat| chitchat.live_nodes().count() > 1)
            .await
    }

    /// Looks every round, until it is aborted.
    async fn run(self: Arc<Self>) {
        let mut round = interval(node::ROUND);
        round.set_missed_tick_behavior(MissedTickBehavior::Delay);
        for number in 1_u64.. {
            round.tick().await;
            self.take_back().await;
            if self.look().await.is_err() {
                self.begin_anew(None).await;
            } else if number % PLACE == 0
                && !self.seeds.contains(&*lock(&self.addr))
                && let Some(place) = node::place(&self.seeds).await
            {
                self.begin_anew(Some(place)).await;
            }
        }
    }

    /// Takes back what was not registered again in time.
    async fn take_back(&self) {
        let now = Instant::now();
        let mut over = Vec::new();
        lock(&self.own).retain(|id, (_, until)| {
            let stays = *until > now;
            if !stays {
                over.push(id.clone());
            }
            stays
        });
        if !over.is_empty() {
            let handle = self.handle.lock().await;
            let delete = |chitchat: &mut chitchat::Chitchat| {
                for id in &over {
                    chitchat.self_node_state().delete(id);
                }
            };
            handle.with_chitchat(delete).await;
        }
    }

    /// Takes over what has come in. An error: chitchat holds too much, or has ended.
    async fn look(&self) -> Result<(), ()> {
        let handle = self.handle.lock().await;
        let chitchat = handle.chitchat();
        // A message that contradicts itself ends chitchat's task (it asserts); then nothing comes in.
        let ended = tokio::time::timeout(Duration::ZERO, handle.termination_watcher()).await;
        if ended.is_ok() {
            return Err(());
        }
        let chitchat = chitchat.lock().await;
        let mut table = lock(&self.table);
        let update = lock(&self.hearsay).update(&chitchat, &mut table);
        update.map_err(drop)
    }

    /// Another participant, on this socket or else on the same address, which says the same.
    async fn begin_anew(&self, mut place: Option<UdpSocket>) {
        let mut handle = self.handle.lock().await;
        handle.abort();
        loop {
            let values = {
                let own = lock(&self.own);
                let values = own
                    .iter()
                    .map(|(id, (value, _))| (id.clone(), value.clone()));
                values.collect()
            };
            let socket = match place.take() {
                Some(socket) => Ok(socket),
                // The one before is gone once its socket is free.
                None => {
                    let addr = *lock(&self.addr);
                    node::open_at(addr).await
                }
            };
            let again = match socket {
                Ok(socket) => node::start(socket, &self.seeds, values).await,
                Err(why) => Err(why),
            };
            match again {
                Ok(again) => {
                    *lock(&self.addr) = again.chitchat_id().gossip_advertise_addr;
                    *handle = again;
                    break;
                }
                Err(_) => sleep(node::ROUND).await,
            }
        }
        lock(&self.hearsay).forget();
    }
}

#[tonic::async_trait]
impl Registry for Gossip {
    fn init(&mut self, options: Options) -> Result<(), Error> {
        self.options = options;
        Ok(())
    }

    fn options(&self) -> &Options {
        &self.options
    }

    fn name(&self) -> &'static str {
        "gossip"
    }

    async fn register(&self, instance: &Instance, ttl: Duration) -> Result<(), Error> {
        let value = value::of(instance, ttl)?;
        let shared = &self.part().await?.shared;
        {
            let mut own = lock(&shared.own);
            if own.len() >= bounds::INSTANCES && !own.contains_key(&instance.id) {
                return Err(Error::Refused(format!(
                    "{} instances are all",
                    bounds::INSTANCES
                )));
            }
            let until = Instant::now() + ttl;
            own.insert(instance.id.clone(), (value.clone(), until));
        }
        // The same value again changes nothing, and nothing is sent for it.
        let handle = shared.handle.lock().await;
        let set = |chitchat: &mut chitchat::Chitchat| {
            chitchat.self_node_state().set(&instance.id, &value);
        };
        handle.with_chitchat(set).await;
        Ok(())
    }

    async fn deregister(&self, instance: &Instance) -> Result<(), Error> {
        let Some(part) = self.part.get() else {
            // Who has said nothing has nothing to take back.
            return Ok(());
        };
        if lock(&part.shared.own).remove(&instance.id).is_none() {
            return Ok(());
        }
        {
            let handle = part.shared.handle.lock().await;
            let delete = |chitchat: &mut chitchat::Chitchat| {
                chitchat.self_node_state().delete(&instance.id);
                let own = chitchat.self_chitchat_id().clone();
                let others = chitchat.live_nodes().filter(|id| **id != own);
                others
                    .map(|id| id.gossip_advertise_addr)
                    .take(TOLD)
                    .collect::<Vec<_>>()
            };
            // The process may end now, so some of the others have to know it before.
            for other in handle.with_chitchat(delete).await {
                // It fails only if chitchat has ended, which is seen to.
                _ = handle.gossip(other);
            }
        }
        sleep(node::ROUND).await;
        Ok(())
    }

    async fn get_service(&self, name: &str) -> Result<Vec<Instance>, Error> {
        let table = self.part().await?.listened(self.options.timeout).await;
        Ok(lock(table).of(name))
    }

    async fn list_services(&self) -> Result<Vec<String>, Error> {
        let table = self.part().await?.listened(self.options.timeout).await;
        Ok(lock(table).names())
    }

    async fn watch(&self, name: Option<&str>) -> Result<Watch, Error> {
        Ok(lock(&self.part().await?.shared.table).watch(name))
    }
}
