use std::net::SocketAddr;

// Given in given.rs, beside this file: `State`, `Entry`, `NobodyHome`.
pub use super::given::*;

/// Whom to call. `turn` is the number of the call: it goes round the healthy ones, in the order of the
/// list, so that with three of them the turns 0, 1, 2, 3 go to the first, second, third, first.
///
/// Healthy is what Consul would have given for `?passing`: *all* checks pass, those of the node and
/// those of the instance. An instance without checks has nothing that could fail.
pub fn whom(entries: &[Entry], turn: usize) -> Result<SocketAddr, NobodyHome> {
    let _ = turn;
    let first = &entries[0];
    let ip = first.address.unwrap_or(first.node);
    Ok(SocketAddr::new(ip, first.port))
}
