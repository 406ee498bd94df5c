//! What is given in this exercise: the answer uses it and does not change it.

use std::net::IpAddr;

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
