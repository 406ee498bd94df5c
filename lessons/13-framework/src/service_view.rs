//! The instances of a service, kept up to date: one watch for a name, and the last list while the registry is
//! away.

use std::sync::Arc;
use std::time::Duration;

use l06_grpc::retry::Policy;
use l10_discover::cache::InstanceCache;
use l12_resilience::member::Member;
use tokio::sync::watch;
use tokio::time::{Instant, sleep, timeout_at};

use crate::extra::moment;
use crate::registry::{Error, Event, Instance, Registry, Watch};

/// The freshness of a list of instances.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Freshness {
    /// The registry has not answered yet.
    #[default]
    Pending,
    /// The list is the registry's.
    Fresh,
    /// The registry is away, and has never answered.
    Unavailable(Error),
    /// The registry is away. The list is the last one that it gave.
    Stale(Error),
}

/// The instances of one service. A clone is the same list; the watch ends with the last of them.
#[derive(Clone, Debug)]
pub struct ServiceView {
    name: String,
    members: watch::Receiver<Vec<Member>>,
    instances: watch::Receiver<Vec<Instance>>,
    freshness: watch::Receiver<Freshness>,
}

/// How long an instance is kept that a registry does not report after it has come back: it may have
/// forgotten everything, and the services that live register again within their interval.
const RETENTION: Duration = Duration::from_secs(15);

/// Between two attempts to reach the registry.
const PAUSES: Policy = Policy {
    attempts: u32::MAX,
    first: Duration::from_millis(100),
    longest: Duration::from_secs(2),
};

/// Events that come while the list is asked for. More than that, and it is asked for anew.
const LOG: usize = 4096;

impl ServiceView {
    /// Begins to watch. It does not wait for the registry; [`ServiceView::healthy`] does. Has to be called within
    /// a tokio runtime.
    pub fn new(registry: Arc<dyn Registry>, name: impl Into<String>) -> Self {
        let name = name.into();
        let (members, members_out) = watch::channel(Vec::new());
        let (instances, instances_out) = watch::channel(Vec::new());
        let (freshness, freshness_out) = watch::channel(Freshness::default());
        let mut follower = Follower {
            registry,
            name: name.clone(),
            cache: InstanceCache::new(RETENTION),
            members,
            instances,
            freshness,
        };
        tokio::spawn(async move {
            let (members, instances) = (follower.members.clone(), follower.instances.clone());
            tokio::select! {
                () = follower.follow() => {}
                // No reader has the list any more.
                () = async { tokio::join!(members.closed(), instances.closed()); } => {}
            }
        });
        ServiceView {
            name,
            members: members_out,
            instances: instances_out,
            freshness: freshness_out,
        }
    }

    /// Returns the name of the service.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns a watch of the members that a selector may choose; the weight is what the metadata
    /// `weight` says, 1 if it says nothing.
    pub fn members(&self) -> watch::Receiver<Vec<Member>> {
        self.members.clone()
    }

    /// Returns a watch of the instances, with all that the registry knows of them.
    pub fn instances(&self) -> watch::Receiver<Vec<Instance>> {
        self.instances.clone()
    }

    /// Returns a watch of the freshness of the list.
    pub fn freshness(&self) -> watch::Receiver<Freshness> {
        self.freshness.clone()
    }

    /// Returns the list, as soon as there is one.
    ///
    /// # Errors
    /// If the registry has never answered, and does not until `until`.
    pub async fn healthy(&self, until: Instant) -> Result<Vec<Instance>, Error> {
        // When the time is over, what is there has to do.
        let _ = timeout_at(until, self.complete()).await;
        self.conclude()
    }

    /// Returns the list as soon as it has one instance: a registry such as mDNS reports instances
    /// one by one.
    ///
    /// # Errors
    /// As for [`ServiceView::healthy`].
    pub async fn any_healthy(&self, until: Instant) -> Result<Vec<Instance>, Error> {
        let mut members = self.members.clone();
        let enough = async {
            tokio::select! {
                () = self.complete() => {}
                // An error says that no task writes it any more; then the time decides.
                Ok(_) = members.wait_for(|members| !members.is_empty()) => {}
            }
        };
        let _ = timeout_at(until, enough).await;
        self.conclude()
    }

    /// Ready when the registry has answered.
    async fn complete(&self) {
        let known = |now: &Freshness| matches!(now, Freshness::Fresh | Freshness::Stale(_));
        if self.freshness.clone().wait_for(known).await.is_err() {
            std::future::pending().await
        }
    }

    fn conclude(&self) -> Result<Vec<Instance>, Error> {
        let list = self.instances.borrow().clone();
        match &*self.freshness.borrow() {
            // An instance that was reported is listed, whatever the state of the rest.
            _ if !list.is_empty() => Ok(list),
            Freshness::Fresh | Freshness::Stale(_) => Ok(list),
            Freshness::Unavailable(error) => Err(error.clone()),
            Freshness::Pending => Err(Error::Away("it has not answered in time".to_string())),
        }
    }
}

struct Follower {
    registry: Arc<dyn Registry>,
    name: String,
    cache: InstanceCache<String, Instance>,
    members: watch::Sender<Vec<Member>>,
    instances: watch::Sender<Vec<Instance>>,
    freshness: watch::Sender<Freshness>,
}

impl Follower {
    // ANCHOR: follow
    /// Watches until it is dropped. When a watch has failed, the next one begins after a pause.
    async fn follow(&mut self) {
        let mut failed = 0;
        loop {
            let Err(error) = self.one_watch(&mut failed).await;
            failed += 1;
            self.away(error);
            sleep(PAUSES.pause(failed)).await;
        }
    }

    /// One watch, from its beginning to its end. First the watch, then the list: the other way round, what
    /// happens between the two would be seen by neither.
    async fn one_watch(&mut self, failed: &mut u32) -> Result<std::convert::Infallible, Error> {
        let mut watch = self.registry.watch(Some(&self.name)).await?;
        loop {
            self.look(&mut watch).await?;
            *failed = 0;
            while self.next(&mut watch).await? {}
            // Something was lost; the list makes up for it.
        }
    }

    /// Asks for the list. What happens meanwhile is told at once, and once more on top of the answer.
    async fn look(&mut self, watch: &mut Watch) -> Result<(), Error> {
        let (registry, name) = (Arc::clone(&self.registry), self.name.clone());
        let mut asked = std::pin::pin!(registry.get_service(&name));
        let mut log = Vec::new();
        let mut complete = true;
        let list = loop {
            tokio::select! {
                list = &mut asked => break list?,
                event = watch.next() => match event {
                    None => return Err(ended()),
                    Some(Event::Lost) => complete = false,
                    Some(event) => {
                        complete &= log.len() < LOG;
                        if complete {
                            log.push(event.clone());
                        }
                        self.apply(event);
                        self.publish();
                    }
                },
            }
        };
        let list = list.into_iter().map(|one| (one.id.clone(), one));
        self.cache.replace(list, Instant::now());
        log.into_iter().for_each(|event| self.apply(event));
        self.publish();
        // Last: who waits for this reads the lists.
        self.freshness.send_replace(Freshness::Fresh);
        if complete {
            return Ok(());
        }
        // Box: a future cannot contain itself.
        Box::pin(self.look(watch)).await
    }
    // ANCHOR_END: follow

    /// One event; `false` if some were lost.
    async fn next(&mut self, watch: &mut Watch) -> Result<bool, Error> {
        let next_expiry = self.cache.next_expiry();
        tokio::select! {
            event = watch.next() => match event {
                None => return Err(ended()),
                Some(Event::Lost) => return Ok(false),
                Some(event) => self.apply(event),
            },
            () = moment(next_expiry) => drop(self.cache.expire(Instant::now())),
        }
        self.publish();
        Ok(true)
    }

    fn apply(&mut self, event: Event) {
        match event {
            Event::Added(instance) => drop(self.cache.insert(instance.id.clone(), instance, None)),
            Event::Removed(instance) => drop(self.cache.remove(&instance.id)),
            Event::Lost => {}
        }
    }

    fn away(&mut self, error: Error) {
        self.cache.mark_stale(Instant::now());
        self.freshness.send_modify(|freshness| {
            *freshness = match freshness {
                Freshness::Pending | Freshness::Unavailable(_) => Freshness::Unavailable(error),
                Freshness::Fresh | Freshness::Stale(_) => Freshness::Stale(error),
            };
        });
    }

    /// Tells the list, if it has changed.
    fn publish(&self) {
        let list = self.cache.iter().map(|(_, instance)| instance.clone());
        let list: Vec<Instance> = list.collect();
        let members = list.iter().map(member).collect();
        let replaced = |old: &mut Vec<Instance>| {
            let changed = *old != list;
            *old = list;
            changed
        };
        // First the one where dialling looks, so that no instance is chosen whose transport is unknown.
        if self.instances.send_if_modified(replaced) {
            self.members.send_replace(members);
        }
    }
}

fn ended() -> Error {
    Error::Away("the watch has ended".to_string())
}

/// What a selector needs to know.
fn member(instance: &Instance) -> Member {
    let weight = instance.metadata.get("weight");
    let weight = weight.and_then(|weight| weight.parse().ok()).unwrap_or(1);
    Member::new(&instance.id, instance.addr).weighing(weight)
}
