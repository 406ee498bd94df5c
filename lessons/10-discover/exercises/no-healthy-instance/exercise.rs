use std::net::SocketAddr;

// Given in given.rs, beside this file: `State`, `Entry`, `NoInstance`.
pub use super::given::*;

/// Chooses the instance for a call. `turn` is the number of the call: the calls go round the healthy
/// instances, in the order of the list. With three of them the turns 0, 1, 2, 3 go to the first, second, third,
/// first.
///
/// Healthy means what `?passing` means: *all* checks pass, those of the node and those of the instance. An
/// instance without checks has none that could fail.
pub fn choose(entries: &[Entry], turn: usize) -> Result<SocketAddr, NoInstance> {
    let _ = turn;
    let first = &entries[0];
    let ip = first.address.unwrap_or(first.node);
    Ok(SocketAddr::new(ip, first.port))
}
