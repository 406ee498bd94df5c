//! What a registry without a server keeps: the instances it knows of, until when, and who wants to hear
//! of changes. Nothing here sleeps or sends: the backends do.

use std::collections::{BTreeMap, BTreeSet};

use tokio::sync::mpsc;
use tokio::time::Instant;

use super::bounds::INSTANCES;
use crate::registry::{Event, Instance, Watch};

/// How many events may wait for a watcher beyond those it begins with.
const QUEUE: usize = 1024;

/// The instances, by their ids.
#[derive(Debug)]
pub struct Table {
    entries: BTreeMap<String, Entry>,
    /// How many there may be.
    most: usize,
    watchers: Vec<Watcher>,
    /// How many were left out because the table was full.
    left_out: u64,
}

#[derive(Debug)]
struct Entry {
    instance: Instance,
    until: Option<Instant>,
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
            entries: BTreeMap::new(),
            most,
            watchers: Vec::new(),
            left_out: 0,
        }
    }

    /// Takes over an instance, in the place of what was known under its id, and tells of it if anything
    /// has changed. Without an `until` it stays until it is removed.
    pub fn put(&mut self, instance: Instance, until: Option<Instant>) -> Result<(), Full> {
        let full = self.entries.len() >= self.most;
        match self.entries.get_mut(&instance.id) {
            Some(entry) if entry.instance == instance => {
                entry.until = until;
                return Ok(());
            }
            // Under another name it is another service's, and those who watch the old one must hear.
            Some(entry) if entry.instance.name != instance.name => {
                self.remove(&instance.id);
            }
            Some(_) => {}
            None if full => {
                self.left_out += 1;
                return Err(Full);
            }
            None => {}
        }
        let entry = Entry {
            instance: instance.clone(),
            until,
        };
        self.entries.insert(instance.id.clone(), entry);
        self.tell(&Event::Added(instance));
        Ok(())
    }

    /// Forgets an instance and tells of it; nothing if it is not known.
    pub fn remove(&mut self, id: &str) {
        if let Some(entry) = self.entries.remove(id) {
            self.tell(&Event::Removed(entry.instance));
        }
    }

    /// What is known under this id.
    pub fn get(&self, id: &str) -> Option<&Instance> {
        self.entries.get(id).map(|entry| &entry.instance)
    }

    /// All ids, sorted.
    pub fn ids(&self) -> impl Iterator<Item = &str> {
        self.entries.keys().map(String::as_str)
    }

    /// From now on all who stay until they are removed have to be put again before `until`.
    pub fn doubt(&mut self, until: Instant) {
        for entry in self.entries.values_mut() {
            entry.until.get_or_insert(until);
        }
    }

    /// Forgets all whose time is over, the one that has waited longest first, and tells of them. Returns
    /// when to come again.
    pub fn expire(&mut self, now: Instant) -> Option<Instant> {
        let times = self.entries.values();
        let over = times.filter_map(|entry| Some((entry.until?, entry.instance.id.clone())));
        let mut over: Vec<_> = over.filter(|(until, _)| *until <= now).collect();
        over.sort();
        for (_, id) in over {
            self.remove(&id);
        }
        self.entries.values().filter_map(|entry| entry.until).min()
    }

    /// The instances of a service, in the order of their ids.
    pub fn of(&self, name: &str) -> Vec<Instance> {
        self.all(Some(name))
    }

    /// The names of all services, sorted, each once.
    pub fn names(&self) -> Vec<String> {
        let names = self.entries.values().map(|entry| &entry.instance.name);
        let names: BTreeSet<_> = names.cloned().collect();
        names.into_iter().collect()
    }

    /// How many instances were left out because there was no room.
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
        let all = self.entries.values().map(|entry| &entry.instance);
        let these = all.filter(|instance| name.is_none_or(|name| name == instance.name));
        these.cloned().collect()
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
    /// Nobody waits for a slow watcher. The last place in its queue is for the news that there was more.
    /// As long as that waits to be read nothing is missed: whoever reads it asks anew.
    fn tell(&mut self, event: &Event) {
        let event = match self.queue.capacity() {
            0 => return,
            1 if self.lost => return,
            1 => &Event::Lost,
            _ => event,
        };
        self.lost = *event == Event::Lost;
        // It can fail only because nobody listens any more.
        _ = self.queue.try_send(event.clone());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn instance(id: &str, name: &str) -> Instance {
        Instance {
            id: id.into(),
            name: name.into(),
            version: String::new(),
            addr: "127.0.0.1:1".parse().unwrap(),
            metadata: [].into(),
        }
    }

    /// A watcher that does not read holds no more than its queue, and learns that it has missed something.
    /// After that it hears again.
    #[tokio::test]
    async fn a_slow_watcher_is_bounded_and_told() {
        let mut table = Table::default();
        let mut watch = table.watch(None);
        for number in 0..QUEUE * 2 {
            table.put(instance(&number.to_string(), "a"), None).unwrap();
        }
        for number in 0..QUEUE - 1 {
            let told = watch.next().await;
            assert_eq!(told, Some(Event::Added(instance(&number.to_string(), "a"))));
        }
        assert_eq!(watch.next().await, Some(Event::Lost));
        table.remove("7");
        let told = watch.next().await;
        assert_eq!(told, Some(Event::Removed(instance("7", "a"))));
    }

    #[tokio::test]
    async fn watchers_that_have_gone_are_forgotten() {
        let mut table = Table::default();
        for _ in 0..10 {
            drop(table.watch(None));
        }
        assert!(table.watchers.len() <= 1);
        table.put(instance("1", "a"), None).unwrap();
        assert_eq!(table.watchers.len(), 0);
    }

    /// An id that is registered under another name has moved: gone here, there now.
    #[tokio::test]
    async fn an_instance_may_change_its_service() {
        let mut table = Table::default();
        table.put(instance("1", "a"), None).unwrap();
        let mut watch = table.watch(Some("a"));
        table.put(instance("1", "b"), None).unwrap();
        assert!(matches!(watch.next().await, Some(Event::Added(_))));
        assert!(matches!(watch.next().await, Some(Event::Removed(_))));
        assert_eq!(table.names(), ["b"]);
        assert_eq!(table.of("a"), []);
    }

    #[test]
    fn a_full_table_takes_no_more() {
        let mut table = Table::default();
        for number in 0..INSTANCES {
            table.put(instance(&number.to_string(), "a"), None).unwrap();
        }
        assert_eq!(table.put(instance("x", "a"), None), Err(Full));
        assert_eq!(table.left_out(), 1);
        // What it knows already may still change.
        table.put(instance("1", "b"), None).unwrap();
    }
}
