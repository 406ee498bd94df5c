// Given in given.rs, beside this file: `hash`, `Instance`.
pub use super::given::*;

/// The names of the instances that have this key: first its owner, then the one with its copy.
///
/// No program stores which key is where. Each caller computes it, from the key and the instances of today.
///
/// * When an instance leaves, only its own keys move. When one joins, or gets a higher weight, keys move to it
///   and nowhere else.
/// * An instance has its share of the keys: with weight 2 twice as many as with weight 1.
/// * The copy is at the instance that becomes the owner when the owner leaves.
/// * The order of `instances` does not matter: two callers may have the same ones in another order.
/// * It is computed for each call, so up to some hundred hashes are fine, and thousands are too slow.
/// * With one instance there is no copy. With none the list is empty.
pub fn owners<'a>(key: &str, instances: &[Instance<'a>]) -> Vec<&'a str> {
    let count = instances.len() as u64;
    let owner = hash(&[key]).checked_rem(count).unwrap_or(0);
    let copy = (owner + 1).checked_rem(count).unwrap_or(0);
    let both = if owner == copy {
        vec![owner]
    } else {
        vec![owner, copy]
    };
    both.into_iter()
        .filter_map(|place| instances.get(usize::try_from(place).ok()?))
        .map(|instance| instance.name)
        .collect()
}
