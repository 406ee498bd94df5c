//! The list, always the last one that Consul has told. One task asks, with blocking queries, and all
//! callers look at what it has found; so a thousand callers cost Consul one question.

use std::time::Duration;

use l06_grpc::retry::Policy;
use l09_register::registry::Registry;
use tokio::sync::watch;
use tokio::time::{Instant, sleep};

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
    /// How long those are remembered whom a Consul that has come back does not know: the time that
    /// services need to register again, and to be looked at.
    pub memory: Duration,
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
            memory: Duration::from_secs(30),
        }
    }
}

/// How much a list is worth.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Consul has not answered yet. Why, if it was asked already.
    Unknown(Option<Error>),
    /// It has answered, and would have told of a change.
    Fresh,
    /// It has not been reached since then: the list is the last one that it told.
    Stale(Instant, Error),
}

/// What is known about a service.
#[derive(Clone, Debug)]
pub struct Snapshot {
    /// The healthy ones, in the order of their addresses. Empty also while nothing is known.
    pub instances: Vec<Listed>,
    /// Those that Consul knew before it went away, and does not know yet since it is back.
    pub remembered: Vec<Listed>,
    /// Instances that nobody can call, in words.
    pub left_out: Vec<String>,
    /// When Consul told it; when the watch began, if it has not yet.
    pub when: Instant,
    /// Whether it can be relied upon.
    pub standing: Standing,
}

impl Snapshot {
    /// Before Consul has said anything.
    #[must_use]
    pub fn unknown() -> Self {
        Snapshot {
            instances: Vec::new(),
            remembered: Vec::new(),
            left_out: Vec::new(),
            when: Instant::now(),
            standing: Standing::Unknown(None),
        }
    }

    /// Whom to call.
    pub fn home(&self) -> impl Iterator<Item = &Listed> {
        self.instances.iter().chain(&self.remembered)
    }

    // ANCHOR: tell
    /// Takes over an answer. `forgotten` says that whoever answers may know less than before: then
    /// those that are missing are remembered. Returns whether anybody has to hear of it.
    fn tell(&mut self, answer: Answer, forgotten: bool) -> bool {
        let known = std::mem::replace(&mut self.instances, answer.instances);
        let mut remembered = std::mem::take(&mut self.remembered);
        let before = remembered.len();
        if forgotten {
            remembered.extend(known.iter().cloned());
        }
        remembered.retain(|old| self.instances.iter().all(|new| new.addr != old.addr));
        let news = self.standing != Standing::Fresh
            || known != self.instances
            || remembered.len() != before
            || self.left_out != answer.left_out;
        self.remembered = remembered;
        self.left_out = answer.left_out;
        self.when = Instant::now();
        self.standing = Standing::Fresh;
        news
    }

    /// Nobody was reached. The list stays as it is.
    fn doubt(&mut self, error: Error) -> bool {
        let standing = match &self.standing {
            Standing::Unknown(_) => Standing::Unknown(Some(error)),
            Standing::Fresh => Standing::Stale(Instant::now(), error),
            Standing::Stale(since, _) => Standing::Stale(*since, error),
        };
        // The same trouble for the tenth time is nothing that anybody has to hear.
        let news = self.standing != standing;
        self.standing = standing;
        news
    }
    // ANCHOR_END: tell

    /// Who has not come back by now has gone.
    fn forget(&mut self) -> bool {
        let news = !self.remembered.is_empty();
        self.remembered.clear();
        news
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
    let (mut index, mut failed) = (0, 0);
    let mut forget_at: Option<Instant> = None;
    loop {
        let since = Instant::now();
        let remembers = forget_at.map(|at| at.saturating_duration_since(since));
        let wait = rhythm.wait.min(remembers.unwrap_or(rhythm.wait)).max(LEAST);
        let hold = Hold { index, wait };
        // Consul adds up to a sixteenth to the time. Who gives up before has learnt nothing.
        let deadline = wait + wait / 16 + rhythm.slack;
        match ask(registry, query, Some(hold), deadline).await {
            Ok(answer) => {
                let next = next_index(index, answer.index);
                // It was away, or its index fell: it may have been restarted, with nothing in it.
                let forgotten = failed > 0 || next < index;
                if forgotten {
                    forget_at = Some(Instant::now() + rhythm.memory);
                }
                (index, failed) = (next, 0);
                tell.send_if_modified(|snapshot| snapshot.tell(answer, forgotten));
                if forget_at.is_some_and(|at| at <= Instant::now()) {
                    forget_at = None;
                    tell.send_if_modified(Snapshot::forget);
                }
                // An index that runs, or one that is never held back, makes no storm of questions.
                sleep(rhythm.least.saturating_sub(since.elapsed())).await;
            }
            Err(error) => {
                failed += 1;
                tell.send_if_modified(|snapshot| snapshot.doubt(error));
                sleep(rhythm.pauses.pause(failed)).await;
                // Whoever answers next may count anew.
                index = 0;
            }
        }
    }
}
// ANCHOR_END: follow
