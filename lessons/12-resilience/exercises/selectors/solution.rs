//! Rendezvous hashing. Each key puts the instances in an order of its own: by a hash of the key and the instance's
//! name. The first one is the owner, the second one has the copy. When an instance leaves, it is taken out of all these
//! orders, and no other instance changes its place: only where it was the first, the second becomes the
//! owner. The number of instances enters nowhere. An instance of weight 2 has two hashes for each key and
//! counts with the larger one, so it is the first twice as often. To multiply its hash by its weight would be
//! simpler, and wrong: of 5 shares, weight 2 would have 63 % and not 40.

use std::cmp::Reverse;

// Given in given.rs, beside this file: `hash`, `Instance`.
pub use super::given::*;

/// The names of the instances that have this key: first its owner, then the one with its copy.
pub fn owners<'a>(key: &str, instances: &[Instance<'a>]) -> Vec<&'a str> {
    let mut ordered = instances.to_vec();
    ordered.sort_by_cached_key(|instance| (Reverse(score(key, instance)), instance.name));
    ordered.truncate(2);
    ordered.iter().map(|instance| instance.name).collect()
}

/// The largest of the hashes that this instance has for this key.
fn score(key: &str, instance: &Instance) -> Option<u64> {
    let numbers = (0..instance.weight).map(|number| number.to_string());
    let hashes = numbers.map(|number| hash(&[key, instance.name, &number]));
    hashes.max()
}
