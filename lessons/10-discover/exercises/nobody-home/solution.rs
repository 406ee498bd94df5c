//! Two ways to have nobody, and a caller does different things about them: a name that nobody has is a
//! typing error or a service that was never started; a service of which nobody is well is for whoever is
//! on duty tonight. After both are answered the list of healthy ones cannot be empty, and so the
//! remainder and the index below cannot panic: the order of the lines is the proof.

use std::net::SocketAddr;

// Given in given.rs, beside this file: `State`, `Entry`, `NobodyHome`.
pub use super::given::*;

/// Whom to call.
pub fn whom(entries: &[Entry], turn: usize) -> Result<SocketAddr, NobodyHome> {
    if entries.is_empty() {
        return Err(NobodyHome::NoSuchService);
    }
    let well: Vec<&Entry> = entries.iter().filter(|entry| is_well(entry)).collect();
    if well.is_empty() {
        let sick = entries.iter().map(|entry| entry.id.clone());
        return Err(NobodyHome::NobodyIsWell(sick.collect()));
    }
    let entry = well[turn % well.len()];
    let ip = entry.address.unwrap_or(entry.node);
    Ok(SocketAddr::new(ip, entry.port))
}

fn is_well(entry: &Entry) -> bool {
    let mut checks = entry.node_checks.iter().chain(&entry.checks);
    checks.all(|state| *state == State::Passing)
}
