//! The key/value store: keys with bytes, the flags of the caller, and the index of the last change.
//!
//! A set or delete may carry the index that the caller has seen (`cas`, compare and set). It is done
//! only if no other client wrote in between; of two who saw the same index, one wins.

use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Serialize, Serializer};

use super::clock::Moment;

/// The entry of a key.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "PascalCase")]
#[expect(missing_docs, reason = "the names are Consul's own and say it")]
pub struct Pair {
    /// How often it was locked by a session; there are none here.
    pub lock_index: u64,
    pub key: String,
    pub flags: u64,
    #[serde(serialize_with = "in_base64")]
    pub value: Vec<u8>,
    pub create_index: u64,
    pub modify_index: u64,
}

/// An empty value is `null`: Go has no other word for no bytes.
fn in_base64<S: Serializer>(value: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
    if value.is_empty() {
        return serializer.serialize_none();
    }
    serializer.serialize_str(&STANDARD.encode(value))
}

/// All keys, in order.
#[derive(Debug, Default)]
pub struct Kv {
    pairs: BTreeMap<String, Arc<Pair>>,
    // A key that is gone has no index any more, but a watcher of its folder must hear of it. Each
    // grave keeps the index of the burial and the time, and is dug up after a while.
    graves: BTreeMap<String, (u64, Moment)>,
    index: u64,
    // What all values take together.
    bytes: usize,
}

impl Kv {
    // ANCHOR: plan
    /// Sets a key. With `cas`, only if its index is that one; 0 means that it must not exist.
    /// Says what to keep and whether that is a change; none: another client wrote in between.
    pub fn plan(&self, index: u64, key: &str, flags: u64, value: &[u8], cas: Option<u64>) -> Plan {
        let old = self.pairs.get(key);
        if cas.is_some_and(|cas| cas != old.map_or(0, |old| old.modify_index)) {
            return Plan::Lost;
        }
        if old.is_some_and(|old| old.flags == flags && old.value == value) {
            return Plan::Same;
        }
        Plan::Put(Pair {
            lock_index: 0,
            key: key.to_owned(),
            flags,
            value: value.to_owned(),
            create_index: old.map_or(index, |old| old.create_index),
            modify_index: index,
        })
    }
    // ANCHOR_END: plan

    /// Keeps a pair as it is.
    pub fn put(&mut self, pair: Pair) {
        self.index = self.index.max(pair.modify_index);
        self.bytes += pair.value.len() + pair.key.len();
        self.graves.remove(&pair.key);
        if let Some(old) = self.pairs.insert(pair.key.clone(), Arc::new(pair)) {
            self.bytes -= old.value.len() + old.key.len();
        }
    }

    /// Takes a key away.
    pub fn remove(&mut self, index: u64, key: &str, now: Moment) {
        if let Some(old) = self.pairs.remove(key) {
            self.bytes -= old.value.len() + old.key.len();
            self.graves.insert(key.to_owned(), (index, now));
            self.index = index;
        }
    }

    /// Returns whether a delete with this index would be done. What is not there is deleted already.
    pub fn may_remove(&self, key: &str, cas: Option<u64>) -> bool {
        let index = self.pairs.get(key).map(|pair| pair.modify_index);
        cas.is_none() || index.is_none() || cas == index
    }

    /// One key and its index. A key that is not there has the index of the whole store: the next
    /// change might create it.
    pub fn get(&self, key: &str) -> (u64, Option<Arc<Pair>>) {
        match self.pairs.get(key) {
            Some(pair) => (pair.modify_index, Some(pair.clone())),
            None => (self.index, None),
        }
    }

    /// The index of everything that begins with `prefix`, graves included.
    pub fn prefix_index(&self, prefix: &str) -> u64 {
        if prefix.is_empty() {
            return self.index;
        }
        let pairs = under(&self.pairs, prefix).map(|(_, pair)| pair.modify_index);
        let graves = under(&self.graves, prefix).map(|(_, (index, _))| *index);
        pairs.chain(graves).max().unwrap_or(self.index)
    }

    /// Everything that begins with `prefix`.
    pub fn list(&self, prefix: &str) -> Vec<Arc<Pair>> {
        under(&self.pairs, prefix)
            .map(|(_, pair)| pair.clone())
            .collect()
    }

    /// The names that begin with `prefix`, each only up to the next separator after it: what a file
    /// manager shows of one folder.
    pub fn keys(&self, prefix: &str, separator: &str) -> Vec<String> {
        let mut keys = Vec::<String>::new();
        for (key, _) in under(&self.pairs, prefix) {
            let rest = &key[prefix.len()..];
            let end = rest.find(separator).filter(|_| !separator.is_empty());
            let short = end.map_or(key.as_str(), |at| {
                &key[..prefix.len() + at + separator.len()]
            });
            if keys.last().is_none_or(|last| last != short) {
                keys.push(short.to_owned());
            }
        }
        keys
    }

    /// Returns the number of keys.
    pub fn len(&self) -> usize {
        self.pairs.len()
    }

    /// Returns whether there is none.
    pub fn is_empty(&self) -> bool {
        self.pairs.is_empty()
    }

    /// Returns the bytes of all keys and values.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// Digs up the graves from before `since`.
    pub fn forget(&mut self, since: Moment) {
        self.graves.retain(|_, (_, buried)| *buried >= since);
    }
}

/// The effect that a set would have.
#[derive(Debug, PartialEq)]
pub enum Plan {
    /// Another client wrote in between.
    Lost,
    /// It holds that already: the index stands still.
    Same,
    /// Keep this.
    Put(Pair),
}

fn under<'a, T>(
    map: &'a BTreeMap<String, T>,
    prefix: &'a str,
) -> impl Iterator<Item = (&'a String, &'a T)> {
    map.range::<str, _>((Bound::Included(prefix), Bound::Unbounded))
        .take_while(move |(key, _)| key.starts_with(prefix))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(kv: &mut Kv, index: u64, key: &str) {
        let Plan::Put(pair) = kv.plan(index, key, 0, b"v", None) else {
            panic!("{key} is new")
        };
        kv.put(pair);
    }

    #[test]
    fn a_folder_hears_of_a_key_that_left() {
        let mut kv = Kv::default();
        set(&mut kv, 1, "d/1");
        set(&mut kv, 2, "d/2");
        set(&mut kv, 3, "e");
        assert_eq!(kv.prefix_index("d/"), 2);
        kv.remove(4, "d/2", Moment::ZERO);
        assert_eq!(kv.prefix_index("d/"), 4);
        assert_eq!(kv.prefix_index("e"), 3);
        assert_eq!(kv.bytes(), "d/1vev".len());
    }
}
