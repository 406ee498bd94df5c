//! Accepted: a hash ring, with 50 virtual nodes for each unit of weight.

// Given in given.rs, beside this file: `hash`, `Instance`.
pub use super::given::*;

/// The names of the instances that have this key: first its owner, then the one with its copy.
pub fn owners<'a>(key: &str, instances: &[Instance<'a>]) -> Vec<&'a str> {
    let mut ring: Vec<(u64, &str)> = Vec::new();
    for instance in instances {
        for node in 0..instance.weight * 50 {
            ring.push((hash(&[instance.name, &node.to_string()]), instance.name));
        }
    }
    let place = hash(&[key]);
    // The distance from the key to each node, once round the ring.
    ring.sort_unstable_by_key(|(node, name)| (node.wrapping_sub(place), *name));
    let mut owners: Vec<&str> = Vec::new();
    for (_, name) in ring {
        if owners.len() < 2 && !owners.contains(&name) {
            owners.push(name);
        }
    }
    owners
}
