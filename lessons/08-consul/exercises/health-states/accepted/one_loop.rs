//! Accepted: one loop that sorts the instances into two lists.

use std::net::SocketAddr;

// Given in given.rs, beside this file: `Health`, `Instance`.
pub use super::given::*;

pub fn choose(instances: &[Instance]) -> Vec<SocketAddr> {
    let mut passing = Vec::new();
    let mut warning = Vec::new();
    for instance in instances {
        if instance.checks.contains(&Health::Critical) {
            continue;
        }
        if instance.checks.contains(&Health::Warning) {
            warning.push(instance.addr);
        } else {
            passing.push(instance.addr);
        }
    }
    if passing.is_empty() { warning } else { passing }
}
