//! There are two reasons to have no instance, and a caller reacts to them in different ways. A name without any
//! instance is a typing error, or a service that was never started. A service without a healthy instance
//! is an alarm for its operator. After both cases the list of healthy instances has at least one element, so the
//! remainder and the index cannot panic.

use std::net::SocketAddr;

// Given in given.rs, beside this file: `State`, `Entry`, `NoInstance`.
pub use super::given::*;

/// Chooses the instance for a call.
pub fn choose(entries: &[Entry], turn: usize) -> Result<SocketAddr, NoInstance> {
    if entries.is_empty() {
        return Err(NoInstance::NoSuchService);
    }
    let healthy: Vec<&Entry> = entries.iter().filter(|entry| is_healthy(entry)).collect();
    if healthy.is_empty() {
        let ids = entries.iter().map(|entry| entry.id.clone());
        return Err(NoInstance::NoneHealthy(ids.collect()));
    }
    let entry = healthy[turn % healthy.len()];
    let ip = entry.address.unwrap_or(entry.node);
    Ok(SocketAddr::new(ip, entry.port))
}

fn is_healthy(entry: &Entry) -> bool {
    let mut checks = entry.node_checks.iter().chain(&entry.checks);
    checks.all(|state| *state == State::Passing)
}
