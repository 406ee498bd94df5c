//! The table of a registry without a server: the instances, when each of them expires, and the watchers.
//! Nothing here sleeps or sends: the backends do.

use std::collections::BTreeSet;
use std::time::Duration;

use l10_discover::cache::{Change, InstanceCache};
use tokio::sync::mpsc;
use tokio::time::Instant;

use super::bounds::INSTANCES;
use crate::registry::{Event, Instance, Watch};

/// The number of events that may wait for a watcher beyond those it begins with.
pub const QUEUE: usize = 1024;
/// How long an instance without a time to live may take to be put again after [`Table::doubt`].
const RETENTION: Duration = Duration::from_secs(10);

/// The instances by their ids, and the watchers.
#[derive(Debug)]
pub struct Table {
    entries: InstanceCache<String, Instance>,
    /// How many there may be.
    most: usize,
    watchers: Vec<Watcher>,
    /// How many were left out because the table was full.
    left_out: u64,
}

#[derive(Debug)]
struct Watcher {
    name: Option<String>,
    queue: mpsc::Sender<Event>,
    /// The last thing in its queue is [`Event::Lost`].
    lost: bool,
}

/// The table holds as many as it may.
#[derive(Debug, PartialEq, Eq)]
pub struct Full;

impl Default for Table {
    fn default() -> Self {
        Table::holding(INSTANCES)
    }
}

impl Table {
    /// An empty one that will hold so many.
    pub fn holding(most: usize) -> Self {
        Table {
            entries: InstanceCache::new(RETENTION),
            most,
            watchers: Vec::new(),
            left_out: 0,
        }
    }

    /// Takes over an instance, in the place of what was known under its id, and tells of it if anything
    /// has changed. Without an `until` it stays until it is removed.
    ///
    /// # Errors
    /// [`Full`] if this would be one instance more than the table holds.
    pub fn put(&mut self, instance: Instance, until: Option<Instant>) -> Result<(), Full> {
        let id = instance.id.clone();
        match self.entries.get(&id) {
            // Under another name it is another service's, and those who watch the old one must hear.
            Some(known) if known.name != instance.name => self.remove(&id),
            None if self.entries.len() >= self.most => {
                self.left_out += 1;
                return Err(Full);
            }
            _ => {}
        }
        let change = self.entries.insert(id, instance, until);
        change
            .into_iter()
            .for_each(|change| self.tell_change(change));
        Ok(())
    }

    /// Forgets an instance and tells of it; nothing if it is not known.
    pub fn remove(&mut self, id: &str) {
        let change = self.entries.remove(&id.to_owned());
        change
            .into_iter()
            .for_each(|change| self.tell_change(change));
    }

    /// Returns the instance with this id.
    pub fn get(&self, id: &str) -> Option<&Instance> {
        self.entries.get(&id.to_owned())
    }

    /// All ids, sorted.
    pub fn ids(&self) -> impl Iterator<Item = &str> {
        self.entries.iter().map(|(id, _)| id.as_str())
    }

    /// Lets all instances without an expiry expire 10 s after `now`, unless they are put again.
    pub fn doubt(&mut self, now: Instant) {
        self.entries.doubt_all(now);
    }

    /// Forgets all whose time is over, the one that has waited longest first, and tells of them. Returns
    /// when to come again.
    pub fn expire(&mut self, now: Instant) -> Option<Instant> {
        for change in self.entries.expire(now) {
            self.tell_change(change);
        }
        self.entries.next_expiry()
    }

    /// Returns the number of watchers; those that have gone are forgotten with the next event.
    pub fn watchers(&self) -> usize {
        self.watchers.len()
    }

    /// The instances of a service, in the order of their ids.
    pub fn of(&self, name: &str) -> Vec<Instance> {
        self.all(Some(name))
    }

    /// The names of all services, sorted, each once.
    pub fn names(&self) -> Vec<String> {
        let names = self.entries.iter().map(|(_, instance)| &instance.name);
        let names: BTreeSet<_> = names.cloned().collect();
        names.into_iter().collect()
    }

    /// Returns the number of instances that were left out because there was no room.
    pub fn left_out(&self) -> u64 {
        self.left_out
    }

    /// A watch that begins with what is there.
    pub fn watch(&mut self, name: Option<&str>) -> Watch {
        self.watchers.retain(|watcher| !watcher.queue.is_closed());
        let first = self.all(name);
        let (queue, events) = mpsc::channel(first.len() + QUEUE);
        let mut watcher = Watcher {
            name: name.map(str::to_owned),
            queue,
            lost: false,
        };
        for instance in first {
            watcher.tell(&Event::Added(instance));
        }
        self.watchers.push(watcher);
        Watch::new(events)
    }

    fn all(&self, name: Option<&str>) -> Vec<Instance> {
        let all = self.entries.iter().map(|(_, instance)| instance);
        let these = all.filter(|instance| name.is_none_or(|name| name == instance.name));
        these.cloned().collect()
    }

    fn tell_change(&mut self, change: Change<String, Instance>) {
        self.tell(&Event::from(change));
    }

    fn tell(&mut self, event: &Event) {
        // Those who have gone are forgotten by the way, so that they cannot pile up.
        self.watchers.retain_mut(|watcher| {
            let wanted = match (&watcher.name, event) {
                (Some(name), Event::Added(it) | Event::Removed(it)) => *name == it.name,
                (None, _) | (_, Event::Lost) => true,
            };
            if wanted {
                watcher.tell(event);
            }
            !watcher.queue.is_closed()
        });
    }
}

impl Watcher {
    /// Does not wait for a slow watcher. The last place in its queue is reserved for `Lost`. While that
    /// waits to be read, further events are dropped, because its reader will list again.
    fn tell(&mut self, event: &Event) {
        let event = match self.queue.capacity() {
            0 => return,
            1 if self.lost => return,
            1 => &Event::Lost,
            _ => event,
        };
        self.lost = *event == Event::Lost;
        // It can fail only because the receiver is gone.
        _ = self.queue.try_send(event.clone());
    }
}
