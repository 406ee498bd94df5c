//! belief: listed-means-well
//! words: Who is on the list is well.
//! check: b_nobody_is_well
//! says: It is on the list because nobody has taken it off

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
    let _ = &entry.checks;
    true
}
