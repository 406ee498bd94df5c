//! The cache of every client that follows a registry: the last known instances, how far they can be
//! relied upon, and which of them the registry has not confirmed since it came back.
//!
//! A registry that restarts may have lost its memory. Its first list is then short because the services
//! have not registered again yet, not because they have gone. So after a failure a missing instance is kept
//! for the retention time, unconfirmed. A missing instance in an ordinary list has gone.
//!
//! Nothing here sleeps, sends or locks; the time is an argument. Lesson 13's registries use it too.

use std::collections::BTreeMap;
use std::time::Duration;

use tokio::time::Instant;

// ANCHOR: freshness
/// The freshness of a cache: how far its content can be relied upon.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Freshness {
    /// The registry has not given a list yet: an empty cache says nothing.
    #[default]
    Unknown,
    /// The registry has given the list, and would have reported a change.
    Current,
    /// The registry has failed since it gave the list. The content is the last one known.
    Stale {
        /// The moment of the first failure.
        since: Instant,
    },
}
// ANCHOR_END: freshness

/// A difference between what a cache held and what it holds now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change<K, V> {
    /// The instance is new, or its value has changed.
    Added(K, V),
    /// The instance has gone; the value is the last one known.
    Removed(K, V),
}

/// The last known instances of a registry by their keys.
#[derive(Clone, Debug)]
pub struct InstanceCache<K, V> {
    entries: BTreeMap<K, Entry<V>>,
    freshness: Freshness,
    retention: Duration,
}

#[derive(Clone, Debug)]
struct Entry<V> {
    value: V,
    /// The registry has confirmed it since its last failure.
    confirmed: bool,
    /// When it is removed unless it is confirmed before: the end of its lease or of the retention time.
    until: Option<Instant>,
}

impl<K: Ord + Clone, V: PartialEq + Clone> InstanceCache<K, V> {
    /// An empty cache. `retention` is how long an unconfirmed instance is kept: the time that a service
    /// needs to register again and to be checked.
    pub fn new(retention: Duration) -> Self {
        InstanceCache {
            entries: BTreeMap::new(),
            freshness: Freshness::Unknown,
            retention,
        }
    }

    // ANCHOR: replace
    /// Takes over a complete list. An instance that is missing in it has gone, unless the cache was not
    /// [`Freshness::Current`]: then the instance is kept as unconfirmed until `now` plus the retention time.
    pub fn replace(
        &mut self,
        list: impl IntoIterator<Item = (K, V)>,
        now: Instant,
    ) -> Vec<Change<K, V>> {
        let list: BTreeMap<K, V> = list.into_iter().collect();
        let missing = self.entries.keys().filter(|key| !list.contains_key(key));
        let missing: Vec<K> = missing.cloned().collect();
        let complete = self.freshness == Freshness::Current;
        let mut changes = Vec::new();
        for key in &missing {
            match self.entries.get_mut(key) {
                // Unconfirmed before: an ordinary list without it changes nothing, its time runs on.
                Some(entry) if complete && !entry.confirmed => {}
                Some(_) if complete => changes.extend(self.remove(key)),
                Some(entry) => entry.doubt(now + self.retention),
                None => {}
            }
        }
        let added = list.into_iter();
        changes.extend(added.filter_map(|(key, value)| self.insert(key, value, None)));
        self.freshness = Freshness::Current;
        changes
    }
    // ANCHOR_END: replace

    /// Takes over one instance that the registry has reported. With `until` it has a lease, and is removed
    /// at that time unless it is inserted again. `None` if its value is the one that was known.
    pub fn insert(&mut self, key: K, value: V, until: Option<Instant>) -> Option<Change<K, V>> {
        let entry = Entry {
            value: value.clone(),
            confirmed: true,
            until,
        };
        let before = self.entries.insert(key.clone(), entry);
        let changed = before.is_none_or(|before| before.value != value);
        changed.then_some(Change::Added(key, value))
    }

    /// Removes one instance that the registry reports as gone. `None` if it was not known.
    pub fn remove(&mut self, key: &K) -> Option<Change<K, V>> {
        let (key, entry) = self.entries.remove_entry(key)?;
        Some(Change::Removed(key, entry.value))
    }

    /// The registry has failed, or it answers in a way that shows that it may have lost its memory. The
    /// content stays; the next [`replace`](Self::replace) keeps what is missing. Before the first list
    /// the freshness stays [`Freshness::Unknown`].
    pub fn mark_stale(&mut self, now: Instant) {
        if self.freshness == Freshness::Current {
            self.freshness = Freshness::Stale { since: now };
        }
    }

    /// For a registry that never gives a complete list: all instances without a lease are unconfirmed from
    /// `now` on, and have to be inserted again within the retention time.
    pub fn doubt_all(&mut self, now: Instant) {
        let until = now + self.retention;
        self.entries
            .values_mut()
            .for_each(|entry| entry.doubt(until));
    }

    // ANCHOR: expire
    /// Removes the instances whose time is over at `now`, the oldest first. While the cache is stale it
    /// removes none: a registry that is away cannot confirm anything.
    pub fn expire(&mut self, now: Instant) -> Vec<Change<K, V>> {
        if self.next_expiry().is_none_or(|next| next > now) {
            return Vec::new();
        }
        let times = self.entries.iter();
        let over = times.filter_map(|(key, entry)| Some((entry.until?, key.clone())));
        let mut over: Vec<(Instant, K)> = over.filter(|(until, _)| *until <= now).collect();
        over.sort();
        over.iter()
            .filter_map(|(_, key)| self.remove(key))
            .collect()
    }
    // ANCHOR_END: expire

    /// Returns the time at which [`expire`](Self::expire) has to be called next; `None` if nothing
    /// can expire.
    pub fn next_expiry(&self) -> Option<Instant> {
        let times = self.entries.values().filter_map(|entry| entry.until);
        match self.freshness {
            Freshness::Stale { .. } => None,
            Freshness::Unknown | Freshness::Current => times.min(),
        }
    }

    /// Returns how far the content can be relied upon.
    pub fn freshness(&self) -> Freshness {
        self.freshness
    }

    /// All instances in the order of their keys, unconfirmed ones too.
    pub fn iter(&self) -> impl Iterator<Item = (&K, &V)> {
        self.entries.iter().map(|(key, entry)| (key, &entry.value))
    }

    /// The instances that the registry has confirmed since its last failure.
    pub fn confirmed(&self) -> impl Iterator<Item = &V> {
        let entries = self.entries.values().filter(|entry| entry.confirmed);
        entries.map(|entry| &entry.value)
    }

    /// The instances that are kept although the registry does not report them.
    pub fn unconfirmed(&self) -> impl Iterator<Item = &V> {
        let entries = self.entries.values().filter(|entry| !entry.confirmed);
        entries.map(|entry| &entry.value)
    }

    /// Returns the value of a key.
    pub fn get(&self, key: &K) -> Option<&V> {
        self.entries.get(key).map(|entry| &entry.value)
    }

    /// Returns the number of known instances, unconfirmed ones too.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Returns whether no instance is known.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }
}

impl<V> Entry<V> {
    /// Starts its time, or starts it anew. A confirmed entry with a lease already has one.
    fn doubt(&mut self, until: Instant) {
        if !self.confirmed || self.until.is_none() {
            self.confirmed = false;
            self.until = Some(until);
        }
    }
}
