//! Follows the instances in Consul with blocking queries.

use std::collections::BTreeMap;
use std::time::Duration;

use l09_register::registry::Registry as Agent;
use l10_discover::cache::InstanceCache;
use l10_discover::health::{self, BlockingQuery, Error, Query};
use l10_discover::watch::{WatchOptions, next_index};
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep};

use crate::extra::registries::{consul_lists, consul_words as words};
use crate::registry::{self, Event, Instance, Watch};

/// How many events wait for a slow reader. Meanwhile no query is sent.
const QUEUE: usize = 64;
/// Consul takes `wait=0` for "as long as you like".
const LEAST: Duration = Duration::from_millis(10);

/// Follows one service, or all.
pub async fn follow(agent: &Agent, name: Option<&str>) -> Result<Watch, registry::Error> {
    let (tell, events) = mpsc::channel(QUEUE);
    let options = WatchOptions::default();
    let mut follower = Follower {
        agent: agent.clone(),
        scope: name.map(|name| (words::query(name), name.to_owned())),
        known: InstanceCache::new(options.retention),
        options,
        indices: [0, 0],
        tell: tell.clone(),
    };
    let first = follower.look().await?;
    tokio::spawn(async move {
        tokio::select! {
            () = tell.closed() => {}
            () = follower.run(first) => {}
        }
    });
    Ok(Watch::new(events))
}

/// Told or asked, what is there at one moment.
struct Seen {
    instances: BTreeMap<String, Instance>,
    /// An index has fallen: another Consul answers, or one that has lost its memory.
    fell: bool,
}

struct Follower {
    agent: Agent,
    /// `None`: all services.
    scope: Option<(Query, String)>,
    options: WatchOptions,
    /// To ask with next. For all services there are two: checks change without the services that they
    /// belong to, and services change without their checks.
    indices: [u64; 2],
    known: InstanceCache<String, Instance>,
    tell: mpsc::Sender<Event>,
}

impl Follower {
    // ANCHOR: run
    async fn run(&mut self, first: Seen) {
        let mut seen = Ok(first);
        let mut failed = 0;
        loop {
            let since = Instant::now();
            match seen {
                Ok(Seen { instances, fell }) => {
                    if fell {
                        self.known.mark_stale(since);
                    }
                    let mut changes = self.known.replace(instances, since);
                    changes.extend(self.known.expire(since));
                    for change in changes {
                        if self.tell.send(Event::from(change)).await.is_err() {
                            return;
                        }
                    }
                    failed = 0;
                    sleep(self.options.min_interval.saturating_sub(since.elapsed())).await;
                }
                Err(_) => {
                    // Away for a while is as good as restarted: it may know less than before.
                    self.known.mark_stale(since);
                    failed += 1;
                    self.indices = [0, 0];
                    sleep(self.options.backoff.pause(failed)).await;
                }
            }
            seen = self.look().await;
        }
    }
    // ANCHOR_END: run

    /// Waits for news, and looks.
    async fn look(&mut self) -> Result<Seen, Error> {
        let fell = match self.scope.clone() {
            Some((query, name)) => return self.look_at(&query, &name).await,
            None => self.wait().await?,
        };
        let deadline = self.agent.deadline();
        let (names, _) = consul_lists::names(&self.agent, None, deadline).await?;
        let mut instances = BTreeMap::new();
        for name in names {
            let answer = health::ask(&self.agent, &words::query(&name), None, deadline).await?;
            instances.extend(by_id(words::instances(&answer, &name)));
        }
        Ok(Seen { instances, fell })
    }

    async fn look_at(&mut self, query: &Query, name: &str) -> Result<Seen, Error> {
        let (hold, deadline) = self.hold(self.indices[0]);
        let answer = health::ask(&self.agent, query, hold, deadline).await?;
        let fell = self.next(0, answer.index);
        let instances = by_id(words::instances(&answer, name));
        Ok(Seen { instances, fell })
    }

    /// Waits until a check or a service has changed. Whether an index has fallen.
    async fn wait(&mut self) -> Result<bool, Error> {
        let holds = self.indices.map(|index| self.hold(index));
        let [(hold, deadline), (other, _)] = holds;
        let checks = consul_lists::names(&self.agent, hold, deadline);
        let services = consul_lists::services(&self.agent, other, deadline);
        // The first time neither is held back, and both indices have to be learnt.
        if self.indices.contains(&0) {
            let (checks, services) = tokio::try_join!(checks, services)?;
            return Ok(self.next(0, checks.1) | self.next(1, services));
        }
        tokio::select! {
            checks = checks => { let index = checks?.1; Ok(self.next(0, index)) }
            services = services => { let index = services?; Ok(self.next(1, index)) }
        }
    }

    /// For how long an answer may be held back, and for how long we wait for it.
    fn hold(&self, index: u64) -> (Option<BlockingQuery>, Duration) {
        if index == 0 {
            return (None, self.agent.deadline());
        }
        let now = Instant::now();
        let forget = self.known.next_expiry();
        let forget = forget.map(|at| at.saturating_duration_since(now));
        let wait = self.options.wait.min(forget.unwrap_or(self.options.wait));
        let wait = wait.max(LEAST);
        // Consul adds up to a sixteenth to the time. Who gives up before has learnt nothing.
        let deadline = wait + wait / 16 + self.options.slack;
        (Some(BlockingQuery { index, wait }), deadline)
    }

    fn next(&mut self, which: usize, told: u64) -> bool {
        let before = self.indices[which];
        self.indices[which] = next_index(before, told);
        let fell = self.indices[which] < before;
        if fell {
            // This server has other indices, so the second one is not valid either.
            self.indices = [0, 0];
        }
        fell
    }
}

fn by_id(instances: Vec<Instance>) -> BTreeMap<String, Instance> {
    let pairs = instances.into_iter();
    pairs
        .map(|instance| (instance.id.clone(), instance))
        .collect()
}
