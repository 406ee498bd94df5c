//! What was there last, for those who follow a server: a new list becomes the differences to the last
//! one. A server that comes back may have lost all that it knew. Then what is missing has not gone:
//! it is remembered for the time that its owners need to bring it again.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use tokio::time::Instant;

/// How long it is remembered: lesson 10's time.
pub const MEMORY: Duration = Duration::from_secs(30);

/// A difference.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum News<K, V> {
    /// This is there, and was not, or was another one.
    There(K, V),
    /// This is gone; as it was last.
    Gone(K, V),
}

/// What is known.
#[derive(Debug)]
pub struct Recall<K, V> {
    known: BTreeMap<K, V>,
    /// Those of them that the server does not know.
    doubted: BTreeSet<K>,
    forget_at: Option<Instant>,
}

impl<K, V> Default for Recall<K, V> {
    fn default() -> Self {
        Recall {
            known: BTreeMap::new(),
            doubted: BTreeSet::new(),
            forget_at: None,
        }
    }
}

impl<K: Ord + Clone, V: PartialEq + Clone> Recall<K, V> {
    // ANCHOR: take
    /// All that the server has now. `lost` says that it may know less than before.
    pub fn take(&mut self, all: BTreeMap<K, V>, lost: bool) -> Vec<News<K, V>> {
        let missing = self.known.keys().filter(|key| !all.contains_key(key));
        let missing: Vec<K> = missing.cloned().collect();
        let mut news = Vec::new();
        if lost {
            self.doubted.extend(missing);
            self.forget_at = Some(Instant::now() + MEMORY);
        } else {
            let gone = missing.iter().filter(|key| !self.doubted.contains(key));
            let gone: Vec<&K> = gone.collect();
            news.extend(gone.into_iter().filter_map(|key| self.gone(key)));
        }
        let there = all.into_iter();
        news.extend(there.filter_map(|(key, value)| self.there(key, value)));
        news
    }
    // ANCHOR_END: take

    /// One is there. `None` if it was: whoever only brings it again tells nothing new.
    pub fn there(&mut self, key: K, value: V) -> Option<News<K, V>> {
        self.doubted.remove(&key);
        let before = self.known.insert(key.clone(), value.clone());
        (before.as_ref() != Some(&value)).then_some(News::There(key, value))
    }

    /// One is gone, and not only forgotten.
    pub fn gone(&mut self, key: &K) -> Option<News<K, V>> {
        self.doubted.remove(key);
        let (key, value) = self.known.remove_entry(key)?;
        Some(News::Gone(key, value))
    }

    /// When [`forget`](Self::forget) is due.
    pub fn forget_at(&self) -> Option<Instant> {
        self.forget_at
    }

    /// The time is over for what has not come back.
    pub fn forget(&mut self) -> Vec<News<K, V>> {
        self.forget_at = None;
        let doubted = std::mem::take(&mut self.doubted);
        doubted.iter().filter_map(|key| self.gone(key)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(pairs: &[(&'static str, u8)]) -> BTreeMap<&'static str, u8> {
        pairs.iter().copied().collect()
    }

    #[test]
    fn only_differences_are_told() {
        let mut recall = Recall::default();
        let told = recall.take(all(&[("a", 1), ("b", 1)]), false);
        assert_eq!(told, [News::There("a", 1), News::There("b", 1)]);
        let told = recall.take(all(&[("a", 1), ("c", 2)]), false);
        assert_eq!(told, [News::Gone("b", 1), News::There("c", 2)]);
        assert_eq!(recall.there("c", 2), None);
        assert_eq!(recall.gone(&"x"), None);
    }

    #[tokio::test]
    async fn a_server_that_has_lost_its_memory_takes_nobody_away_at_once() {
        let mut recall = Recall::default();
        recall.take(all(&[("a", 1), ("b", 1), ("c", 1)]), false);
        assert_eq!(recall.take(all(&[]), true), []);
        // `a` comes back, which is no news. Nobody knows about `b` yet, `c` is said to be gone.
        assert_eq!(recall.take(all(&[("a", 1)]), false), []);
        assert_eq!(recall.gone(&"c"), Some(News::Gone("c", 1)));
        assert!(recall.forget_at().is_some());
        assert_eq!(recall.forget(), [News::Gone("b", 1)]);
        assert_eq!((recall.forget_at(), recall.forget()), (None, vec![]));
    }
}
