//! The list of healthy instances, kept up to date. One task asks Consul with blocking queries and keeps
//! the answers in the cache; all callers read what it publishes. A thousand callers cost one query.

use std::net::SocketAddr;
use std::time::Duration;

use l06_grpc::retry::Policy;
use l09_register::registry::Registry;
use tokio::sync::watch;
use tokio::time::{Instant, sleep};

use crate::cache::{Freshness, InstanceCache};
use crate::health::{Answer, BlockingQuery, Error, HealthyInstance, Query, ask};

/// The options of a watch.
#[derive(Clone, Copy, Debug)]
pub struct WatchOptions {
    /// For how long Consul may hold an answer back when nothing changes.
    pub wait: Duration,
    /// The time beyond `wait` after which a query counts as failed.
    pub slack: Duration,
    /// The pauses while Consul is unreachable. `attempts` is ignored: the watch never gives up.
    pub backoff: Policy,
    /// The shortest time between two queries, however often the index changes.
    pub min_interval: Duration,
    /// How long an instance is kept that Consul does not report after a failure: the time that
    /// services need to register again, and to be checked.
    pub retention: Duration,
}

impl Default for WatchOptions {
    fn default() -> Self {
        WatchOptions {
            wait: Duration::from_secs(60),
            slack: Duration::from_secs(10),
            backoff: Policy {
                attempts: u32::MAX,
                first: Duration::from_millis(100),
                longest: Duration::from_secs(5),
            },
            min_interval: Duration::from_millis(50),
            retention: Duration::from_secs(30),
        }
    }
}

/// A snapshot of the instances of a service: the content of its cache at one moment.
#[derive(Clone, Debug)]
pub struct Snapshot {
    /// The instances that Consul reports as healthy, ordered by address. Empty also before the first
    /// answer.
    pub instances: Vec<HealthyInstance>,
    /// The instances that Consul reported before it failed, and has not reported again since.
    pub unconfirmed: Vec<HealthyInstance>,
    /// The instances without a usable address: one line each.
    pub not_callable: Vec<String>,
    /// When Consul answered last; before the first answer, when the watch began.
    pub answered: Instant,
    /// How far the lists can be relied upon.
    pub freshness: Freshness,
    /// Why the last query failed; `None` if it did not.
    pub error: Option<Error>,
}

impl Snapshot {
    /// The state before the first answer of Consul.
    pub fn unknown() -> Self {
        Snapshot {
            instances: Vec::new(),
            unconfirmed: Vec::new(),
            not_callable: Vec::new(),
            answered: Instant::now(),
            freshness: Freshness::Unknown,
            error: None,
        }
    }

    /// Returns the instances that can be called.
    pub fn callable(&self) -> impl Iterator<Item = &HealthyInstance> {
        self.instances.iter().chain(&self.unconfirmed)
    }

    /// Returns whether two snapshots differ in nothing but the time of the last answer.
    fn same_content(&self, other: &Snapshot) -> bool {
        self.freshness == other.freshness
            && self.error == other.error
            && self.instances == other.instances
            && self.unconfirmed == other.unconfirmed
            && self.not_callable == other.not_callable
    }
}

/// What the task keeps between two answers.
struct State {
    cache: InstanceCache<SocketAddr, HealthyInstance>,
    not_callable: Vec<String>,
    answered: Instant,
    error: Option<Error>,
}

impl State {
    // ANCHOR: update
    /// Takes over an answer. `restarted` says that the index fell: another Consul answers, or this one
    /// has lost its state, and the list may be too short.
    fn answer(&mut self, answer: Answer, restarted: bool) {
        self.answered = Instant::now();
        if restarted {
            self.cache.mark_stale(self.answered);
        }
        let list = answer.instances.into_iter().map(|one| (one.addr, one));
        self.cache.replace(list, self.answered);
        self.cache.expire(self.answered);
        (self.not_callable, self.error) = (answer.not_callable, None);
    }

    /// Takes over a failure of Consul. The list stays as it is.
    fn fail(&mut self, error: Error) {
        self.cache.mark_stale(Instant::now());
        self.error = Some(error);
    }
    // ANCHOR_END: update

    /// Publishes the state if it has changed.
    fn publish(&self, snapshots: &watch::Sender<Snapshot>) {
        let next = Snapshot {
            instances: self.cache.confirmed().cloned().collect(),
            unconfirmed: self.cache.unconfirmed().cloned().collect(),
            not_callable: self.not_callable.clone(),
            answered: self.answered,
            freshness: self.cache.freshness(),
            error: self.error.clone(),
        };
        snapshots.send_if_modified(|last| {
            let changed = !last.same_content(&next);
            *last = next;
            changed
        });
    }
}

// ANCHOR: index
/// The index for the next query, by the rules of Consul's documentation of blocking queries. `asked` is
/// the index of the last query, `answered` that of its answer.
pub fn next_index(asked: u64, answered: u64) -> u64 {
    match answered {
        // It fell: another server answers, or the same one has lost its state. Start again.
        answered if answered < asked => 0,
        // A query with index 0 returns at once. One with index 1 waits for a change.
        0 => 1,
        answered => answered,
    }
}
// ANCHOR_END: index

/// Follows the healthy instances of `query` until all receivers are dropped. It spawns a task, so it
/// needs a tokio runtime.
pub fn watch(registry: Registry, query: Query, options: WatchOptions) -> watch::Receiver<Snapshot> {
    let (snapshots, receiver) = watch::channel(Snapshot::unknown());
    tokio::spawn(async move {
        tokio::select! {
            () = snapshots.closed() => {}
            () = follow(&registry, &query, options, &snapshots) => {}
        }
    });
    receiver
}

/// The shortest `wait`: Consul reads `wait=0` as its default of five minutes.
const MIN_WAIT: Duration = Duration::from_millis(10);

// ANCHOR: follow
async fn follow(
    registry: &Registry,
    query: &Query,
    options: WatchOptions,
    snapshots: &watch::Sender<Snapshot>,
) {
    let mut state = State {
        cache: InstanceCache::new(options.retention),
        not_callable: Vec::new(),
        answered: Instant::now(),
        error: None,
    };
    let (mut index, mut failures) = (0, 0);
    loop {
        let began = Instant::now();
        let expiry = state.cache.next_expiry();
        let expiry = expiry.map_or(options.wait, |at| at.saturating_duration_since(began));
        let wait = options.wait.min(expiry).max(MIN_WAIT);
        let blocking = BlockingQuery { index, wait };
        // Consul adds up to a sixteenth to the wait. A shorter deadline would cut good answers off.
        let deadline = wait + wait / 16 + options.slack;
        match ask(registry, query, Some(blocking), deadline).await {
            Ok(answer) => {
                let next = next_index(index, answer.index);
                let restarted = next < index;
                (index, failures) = (next, 0);
                state.answer(answer, restarted);
                state.publish(snapshots);
                // However often the index changes, the queries stay this far apart.
                sleep(options.min_interval.saturating_sub(began.elapsed())).await;
            }
            Err(error) => {
                failures += 1;
                state.fail(error);
                state.publish(snapshots);
                sleep(options.backoff.pause(failures)).await;
                // The next answer may come from a Consul whose index starts again.
                index = 0;
            }
        }
    }
}
// ANCHOR_END: follow
