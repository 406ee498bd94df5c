//! `?passing` lists passing instances and no others. When all instances are busy, that list is empty, although each of
//! them still answers. A caller that would rather have a slow answer than none asks without `passing`, and sorts
//! by itself: the maximum over the checks is the health of the instance, because one critical check is enough.

use std::net::SocketAddr;

// Given in given.rs, beside this file: `Health`, `Instance`.
pub use super::given::*;

/// Chooses the instances that a caller may call.
pub fn choose(instances: &[Instance]) -> Vec<SocketAddr> {
    let listed = |health| {
        let with = instances.iter().filter(|instance| {
            let worst = instance.checks.iter().max();
            worst.copied().unwrap_or(Health::Passing) == health
        });
        with.map(|instance| instance.addr).collect::<Vec<_>>()
    };
    let passing = listed(Health::Passing);
    if passing.is_empty() {
        return listed(Health::Warning);
    }
    passing
}
