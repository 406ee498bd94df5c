//! The list of healthy instances, kept up to date. One task asks Consul with blocking queries and keeps
//! the answers in the cache; all callers read what it publishes. So a thousand callers cost one query.

use std::net::SocketAddr;
use std::time::Duration;

use l06_grpc::retry::Policy;
use l09_register::registry::Registry;
use tokio::sync::watch;
use tokio::time::{Instant, sleep};

use crate::cache::{Freshness, InstanceCache};
use crate::health::{Answer, Error, Hold, Listed, Query, ask};

/// How the list is kept up to date.
#[derive(Clone, Copy, Debug)]
pub struct Rhythm {
    /// For how long Consul may hold an answer back when nothing changes.
    pub wait: Duration,
    /// How much longer than that we wait for it.
    pub slack: Duration,
    /// The pauses while Consul is away; `attempts` is not looked at, it is asked for ever.
    pub pauses: Policy,
    /// The shortest time between two questions, however fast the index runs.
    pub least: Duration,
    /// How long an instance is kept that a Consul does not report after it has come back: the time that
    /// services need to register again, and to be checked.
    pub retention: Duration,
}

impl Default for Rhythm {
    fn default() -> Self {
        Rhythm {
            wait: Duration::from_secs(60),
            slack: Duration::from_secs(10),
            pauses: Policy {
                attempts: u32::MAX,
                first: Duration::from_millis(100),
                longest: Duration::from_secs(5),
            },
            least: Duration::from_millis(50),
            retention: Duration::from_secs(30),
        }
    }
}

/// What is known about a service: one reading of its cache.
#[derive(Clone, Debug)]
pub struct Snapshot {
    /// The instances that Consul reports as healthy, in the order of their addresses. Empty also before
    /// the first answer.
    pub instances: Vec<Listed>,
    /// The instances that Consul reported before it failed, and has not reported again since.
    pub remembered: Vec<Listed>,
    /// Instances whose address cannot be called, in words.
    pub left_out: Vec<String>,
    /// When Consul has answered last; when the watch began, if it has not yet.
    pub when: Instant,
    /// How far the lists can be relied upon.
    pub freshness: Freshness,
    /// Why the last question has failed; `None` if it has not.
    pub error: Option<Error>,
}

impl Snapshot {
    /// Before the first answer of Consul.
    #[must_use]
    pub fn unknown() -> Self {
        Snapshot {
            instances: Vec::new(),
            remembered: Vec::new(),
            left_out: Vec::new(),
            when: Instant::now(),
            freshness: Freshness::Unknown,
            error: None,
        }
    }

    /// The instances to call.
    pub fn callable(&self) -> impl Iterator<Item = &Listed> {
        self.instances.iter().chain(&self.remembered)
    }

    /// Whether it says the same as another one; the time of the last answer is no news.
    fn says_the_same(&self, other: &Snapshot) -> bool {
        self.freshness == other.freshness
            && self.error == other.error
            && self.instances == other.instances
            && self.remembered == other.remembered
            && self.left_out == other.left_out
    }
}

/// What the task keeps between two answers.
struct State {
    cache: InstanceCache<SocketAddr, Listed>,
    left_out: Vec<String>,
    when: Instant,
    error: Option<Error>,
}

impl State {
    // ANCHOR: tell
    /// Takes over an answer. `restarted` says that its index fell: a new Consul answers, or one that has
    /// lost its memory, and its list may be too short.
    fn answered(&mut self, answer: Answer, restarted: bool) {
        self.when = Instant::now();
        if restarted {
            self.cache.mark_stale(self.when);
        }
        let list = answer.instances.into_iter().map(|one| (one.addr, one));
        self.cache.replace(list, self.when);
        self.cache.expire(self.when);
        (self.left_out, self.error) = (answer.left_out, None);
    }

    /// Consul was not reached. The list stays as it is.
    fn failed(&mut self, error: Error) {
        self.cache.mark_stale(Instant::now());
        self.error = Some(error);
    }
    // ANCHOR_END: tell

    /// Publishes the state, if the callers do not know it yet.
    fn publish(&self, tell: &watch::Sender<Snapshot>) {
        let next = Snapshot {
            instances: self.cache.confirmed().cloned().collect(),
            remembered: self.cache.unconfirmed().cloned().collect(),
            left_out: self.left_out.clone(),
            when: self.when,
            freshness: self.cache.freshness(),
            error: self.error.clone(),
        };
        tell.send_if_modified(|last| {
            let news = !last.says_the_same(&next);
            *last = next;
            news
        });
    }
}

// ANCHOR: index
/// The index to ask with next, by the rules of Consul's documentation.
pub fn next_index(before: u64, told: u64) -> u64 {
    match told {
        // It fell: another server answers, or the old one has forgotten. Begin again at once.
        told if told < before => 0,
        // A question with index 0 is never held back. 1 is, until there is something to tell.
        0 => 1,
        told => told,
    }
}
// ANCHOR_END: index

/// Follows the healthy instances of `query` until all receivers are gone.
pub fn watch(registry: Registry, query: Query, rhythm: Rhythm) -> watch::Receiver<Snapshot> {
    let (tell, told) = watch::channel(Snapshot::unknown());
    tokio::spawn(async move {
        tokio::select! {
            () = tell.closed() => {}
            () = follow(&registry, &query, rhythm, &tell) => {}
        }
    });
    told
}

/// Consul takes `wait=0` for "as long as you like".
const LEAST: Duration = Duration::from_millis(10);

// ANCHOR: follow
async fn follow(
    registry: &Registry,
    query: &Query,
    rhythm: Rhythm,
    tell: &watch::Sender<Snapshot>,
) {
    let mut state = State {
        cache: InstanceCache::new(rhythm.retention),
        left_out: Vec::new(),
        when: Instant::now(),
        error: None,
    };
    let (mut index, mut failed) = (0, 0);
    loop {
        let since = Instant::now();
        let expiry = state.cache.next_expiry();
        let expiry = expiry.map_or(rhythm.wait, |at| at.saturating_duration_since(since));
        let wait = rhythm.wait.min(expiry).max(LEAST);
        let hold = Hold { index, wait };
        // Consul adds up to a sixteenth to the time. A shorter deadline would cut good answers off.
        let deadline = wait + wait / 16 + rhythm.slack;
        match ask(registry, query, Some(hold), deadline).await {
            Ok(answer) => {
                let next = next_index(index, answer.index);
                let restarted = next < index;
                (index, failed) = (next, 0);
                state.answered(answer, restarted);
                state.publish(tell);
                // An index that runs, or one that is never held back, makes no storm of questions.
                sleep(rhythm.least.saturating_sub(since.elapsed())).await;
            }
            Err(error) => {
                failed += 1;
                state.failed(error);
                state.publish(tell);
                sleep(rhythm.pauses.pause(failed)).await;
                // The next answer may come from a Consul that counts anew.
                index = 0;
            }
        }
    }
}
// ANCHOR_END: follow
