//! One database: keys, their values, and when they expire.
//!
//! The keys are kept in the order of their hashes, not in a `HashMap`. That order stays when the
//! table grows, so it is a place to go on from: SCAN's cursor is the hash of the next key, and a key that
//! is there all the time is met exactly once. (Redis has a hash table that doubles, and a cursor that
//! counts with its bits reversed to survive that.) A look-up costs a few comparisons of numbers more.

use std::collections::{BTreeMap, BTreeSet};
use std::hash::{BuildHasher, RandomState};

use bytes::Bytes;

/// What an entry costs besides its bytes: the nodes of the trees and the headers of the allocator,
/// rounded up.
const ENTRY: usize = 160;

/// A key with all that belongs to it.
#[derive(Clone, Debug)]
pub struct Entry {
    /// The name.
    pub key: Bytes,
    /// What GET answers.
    pub value: Bytes,
    /// The first millisecond since 1970 in which it is gone; `None`: it stays.
    pub deadline: Option<i64>,
}

impl Entry {
    fn bytes(&self) -> usize {
        ENTRY + self.key.len() + self.value.len()
    }

    fn is_expired(&self, now: i64) -> bool {
        self.deadline.is_some_and(|deadline| deadline <= now)
    }
}

/// One database.
#[derive(Debug, Default)]
pub struct Keyspace {
    /// The time of the command that is being answered, in milliseconds since 1970. It has one time
    /// from its beginning to its end, as in Redis: a key cannot expire between two looks.
    pub now: i64,
    // Two keys can have one hash, so a hash has a list. The seed is random: no client can prepare keys
    // that all go into one list.
    table: BTreeMap<u64, Vec<Entry>>,
    seed: RandomState,
    // Which key expires next. Redis has no such list: it takes 20 keys with a deadline at random, and repeats that
    // while many of them have expired, which saves the memory for an order. The list is shorter to read, and
    // never late.
    deadlines: BTreeSet<(i64, Bytes)>,
    count: usize,
    bytes: usize,
    expired: u64,
}

impl Keyspace {
    /// The entry of a key that has not expired. Lazy expiry is here: a look-up that finds a expired key removes it.
    pub fn get(&mut self, key: &[u8]) -> Option<&Entry> {
        let hash = self.hash(key);
        let (expired, found) = self.find(hash, key)?;
        if expired {
            self.expire(key);
            return None;
        }
        self.table.get(&hash)?.get(found)
    }

    /// Writes a value, whatever was there. Without a deadline the key stays.
    pub fn set(&mut self, key: Bytes, value: Bytes, deadline: Option<i64>) {
        self.take(&key);
        let entry = Entry {
            key,
            value,
            deadline,
        };
        self.bytes += entry.bytes();
        self.count += 1;
        if let Some(deadline) = deadline {
            self.deadlines.insert((deadline, entry.key.clone()));
        }
        let hash = self.hash(&entry.key);
        self.table.entry(hash).or_default().push(entry);
    }

    /// Another deadline for a key that is there.
    pub fn set_deadline(&mut self, key: &[u8], deadline: Option<i64>) {
        if let Some(entry) = self.take(key) {
            self.set(entry.key, entry.value, deadline);
        }
    }

    /// Takes a key away; what it was, if it had not expired.
    pub fn remove(&mut self, key: &[u8]) -> Option<Entry> {
        self.get(key)?;
        self.take(key)
    }

    /// Removes all keys.
    pub fn clear(&mut self) {
        self.table.clear();
        self.deadlines.clear();
        (self.count, self.bytes) = (0, 0);
    }

    /// Active expiry: removes expired keys that no client asked for, at most `most` of them. Returns how many there
    /// were.
    pub fn remove_expired(&mut self, most: usize) -> usize {
        let mut removed = 0;
        while removed < most {
            match self.deadlines.first() {
                Some((deadline, key)) if *deadline <= self.now => {
                    let key = key.clone();
                    self.expire(&key);
                    removed += 1;
                }
                _ => break,
            }
        }
        removed
    }

    /// The keys that have not expired, from a cursor on, in the order of their hashes: each with the cursor
    /// that goes on behind it, 0 after the last one.
    pub fn entries_from(&self, cursor: u64) -> impl Iterator<Item = (&Entry, u64)> {
        let lists = self.table.range(cursor..);
        // Behind all keys with the same hash: between them there is no place to go on from. A hash is
        // below the largest number, and 0 would mean the beginning; see `hash`.
        let next = lists.clone().skip(1).map(|(hash, _)| *hash);
        let lists = lists.zip(next.chain([0]));
        let entries = lists.flat_map(|((_, list), next)| list.iter().map(move |one| (one, next)));
        entries.filter(|(entry, _)| !entry.is_expired(self.now))
    }

    /// Keys, and those of them with a deadline.
    pub fn counts(&self) -> (usize, usize) {
        (self.count, self.deadlines.len())
    }

    /// Returns about how many bytes it holds.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// Returns the number of keys that have expired.
    pub fn expired(&self) -> u64 {
        self.expired
    }

    fn expire(&mut self, key: &[u8]) {
        self.take(key);
        self.expired += 1;
    }

    /// Returns whether the key has expired, and its place in its list.
    fn find(&self, hash: u64, key: &[u8]) -> Option<(bool, usize)> {
        let list = self.table.get(&hash)?;
        let found = list.iter().position(|entry| entry.key == key)?;
        Some((list.get(found)?.is_expired(self.now), found))
    }

    /// Takes a key out, expired or not.
    fn take(&mut self, key: &[u8]) -> Option<Entry> {
        let hash = self.hash(key);
        let (_, found) = self.find(hash, key)?;
        let list = self.table.get_mut(&hash)?;
        let entry = list.swap_remove(found);
        if list.is_empty() {
            self.table.remove(&hash);
        }
        if let Some(deadline) = entry.deadline {
            self.deadlines.remove(&(deadline, entry.key.clone()));
        }
        self.count -= 1;
        self.bytes -= entry.bytes();
        Some(entry)
    }

    /// Never 0, which as a cursor means the beginning.
    fn hash(&self, key: &[u8]) -> u64 {
        self.seed.hash_one(key).max(1)
    }
}
