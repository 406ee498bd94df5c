use std::net::SocketAddr;

// Given in given.rs, beside this file: `Health`, `Instance`.
pub use super::given::*;

/// Chooses the instances that a caller may call, in the order of the list.
///
/// * The health of an instance is the worst state of its checks. An instance without a check is passing.
/// * The result is all passing instances. If there is none, it is all instances in warning.
/// * A critical instance is never called. If all are critical, the result is empty.
pub fn choose(instances: &[Instance]) -> Vec<SocketAddr> {
    let passing = instances
        .iter()
        .filter(|instance| instance.checks.contains(&Health::Passing));
    passing.map(|instance| instance.addr).collect()
}
