//! The cache of the keys that are watched, and the revision from which a watch goes on.

use std::collections::BTreeMap;
use std::time::Duration;

use l10_discover::cache::InstanceCache;
use tokio::time::Instant;

use super::follow::Change;
use super::keys::{Entry, Listing, MOST};
use super::pb::mvccpb::event::EventType;
use super::pb::mvccpb::{Event, KeyValue};
/// How long a key is kept that another store than the known one does not have: the time that its owner
/// needs to write it again.
const RETENTION: Duration = Duration::from_secs(30);

/// When a key was written, and with which lease. etcd draws the numbers of leases at random, so no other
/// store has the same stamp, not even one that was set up in the same way.
type Stamp = (i64, i64);

/// The keys with the prefix, as far as they are known.
#[derive(Debug)]
pub struct KeyCache {
    /// The values.
    pub keys: InstanceCache<Vec<u8>, Vec<u8>>,
    stamps: BTreeMap<Vec<u8>, Stamp>,
    /// The revision of the last listing, as long as no watch has begun after it.
    pub read_at: Option<i64>,
    /// The last change that we know of.
    pub last: Option<Event>,
}

impl Default for KeyCache {
    fn default() -> Self {
        KeyCache {
            keys: InstanceCache::new(RETENTION),
            stamps: BTreeMap::new(),
            read_at: None,
            last: None,
        }
    }
}

impl KeyCache {
    // ANCHOR: take
    /// Takes over all that is there. What has changed since the last time.
    pub fn take(&mut self, listing: Listing) -> Vec<Change> {
        let stamp = |entry: &Entry| (entry.revision, entry.lease);
        // One key that was not changed in the meantime shows that it is the store that we knew.
        // Else it may be another one, or one that was wiped: then a key that is not there has not
        // been deleted by a client.
        let same = |entry: &Entry| self.stamps.get(&entry.key) == Some(&stamp(entry));
        let lost = !self.stamps.is_empty() && !listing.entries.iter().any(same);
        let entries = listing.entries;
        let stamps = entries
            .iter()
            .map(|entry| (entry.key.clone(), stamp(entry)));
        self.stamps = stamps.collect();
        self.read_at = Some(listing.revision);
        let last = entries.iter().max_by_key(|entry| entry.revision);
        self.last = last.map(|entry| Event {
            r#type: EventType::Put.into(),
            kv: Some(KeyValue {
                key: entry.key.clone(),
                mod_revision: entry.revision,
                value: entry.value.clone(),
                lease: entry.lease,
            }),
        });
        let all = entries.into_iter().map(|entry| (entry.key, entry.value));
        let now = Instant::now();
        if lost {
            self.keys.mark_stale(now);
        }
        self.keys.replace(all, now)
    }
    // ANCHOR_END: take

    /// Returns the revision at which a watch has to begin: after the listing that was just made, or
    /// with the change that was the last. That one has to come again: if it does not, we are not
    /// where we were. `None`: there is nothing to go on from.
    pub fn begin(&self) -> Option<Begin> {
        let last = || self.last.as_ref()?.kv.as_ref();
        match self.read_at {
            Some(revision) => Some(Begin {
                at: revision + 1,
                after: revision,
                again: false,
            }),
            None => last().map(|kv| Begin {
                at: kv.mod_revision,
                after: kv.mod_revision,
                again: true,
            }),
        }
    }

    fn is_full(&self) -> bool {
        i64::try_from(self.stamps.len()).is_ok_and(|count| count >= MOST)
    }

    /// Takes over what a watch tells.
    pub fn hear(&mut self, event: Event) -> Option<Change> {
        let kind = event.r#type();
        self.last = Some(event.clone());
        let kv = event.kv?;
        match kind {
            // A crowd like this is refused when it is listed; here it must not fill our memory. Those
            // that are known already go on.
            EventType::Put if self.is_full() && !self.stamps.contains_key(&kv.key) => None,
            EventType::Put => {
                let stamp = (kv.mod_revision, kv.lease);
                self.stamps.insert(kv.key.clone(), stamp);
                self.keys.insert(kv.key, kv.value, None)
            }
            EventType::Delete => {
                self.stamps.remove(&kv.key);
                self.keys.remove(&kv.key)
            }
        }
    }
}

/// See [`KeyCache::begin`].
#[derive(Clone, Copy, Debug)]
pub struct Begin {
    /// The first revision to be told.
    pub at: i64,
    /// What is new comes after this one.
    pub after: i64,
    /// The last change that we know has to come again, first of all.
    pub again: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn listing(revision: i64, entries: &[(&str, &str, Stamp)]) -> Listing {
        let entry = |(key, value, stamp): &(&str, &str, Stamp)| Entry {
            key: key.as_bytes().to_vec(),
            value: value.as_bytes().to_vec(),
            lease: stamp.1,
            revision: stamp.0,
        };
        Listing {
            revision,
            entries: entries.iter().map(entry).collect(),
        }
    }

    fn gone(key: &str, value: &str) -> Change {
        Change::Removed(key.into(), value.into())
    }

    #[tokio::test]
    async fn who_is_missing_in_the_store_that_we_knew_has_gone() {
        let mut known = KeyCache::default();
        known.take(listing(9, &[("a", "1", (5, 70)), ("b", "1", (6, 71))]));
        let told = known.take(listing(50, &[("a", "1", (5, 70))]));
        assert_eq!(told, [gone("b", "1")]);
    }

    /// It was set up like the old one, and has come further than that had: no number tells them apart.
    #[tokio::test]
    async fn who_is_missing_in_another_store_is_remembered() {
        let mut known = KeyCache::default();
        known.take(listing(9, &[("a", "1", (5, 70)), ("b", "1", (6, 71))]));
        let told = known.take(listing(50, &[("a", "1", (5, 90))]));
        assert_eq!(told, []);
        assert_eq!(
            known.keys.expire(Instant::now() + RETENTION),
            [gone("b", "1")]
        );
    }
}
