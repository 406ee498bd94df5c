//! belief: a-list-has-a-first
//! words: A list has a `[0]`.
//! check: a_nobody_of_this_name
//! says: the len is 0 but the index is 0

use std::net::{IpAddr, SocketAddr};

/// How a check stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    Passing,
    Warning,
    Critical,
}

/// One instance as Consul has listed it: all of them, because `passing` was not asked for.
#[derive(Clone, Debug)]
pub struct Entry {
    pub id: String,
    /// The machine on which it runs, and how that is.
    pub node: IpAddr,
    pub node_checks: Vec<State>,
    /// Its own address; `None` if it has said none. Then it is where its node is.
    pub address: Option<IpAddr>,
    pub port: u16,
    /// How it is itself.
    pub checks: Vec<State>,
}

/// Why there is nobody to call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NobodyHome {
    /// Consul has nobody of this name on its list.
    NoSuchService,
    /// There are some, and none of them is well: their ids, in the order of the list.
    NobodyIsWell(Vec<String>),
}

/// Whom to call.
pub fn whom(entries: &[Entry], turn: usize) -> Result<SocketAddr, NobodyHome> {
    let _ = turn;
    let first = &entries[0];
    let ip = first.address.unwrap_or(first.node);
    Ok(SocketAddr::new(ip, first.port))
}
