//! What is given in this exercise: the answer uses it and does not change it.

use std::net::IpAddr;

/// The state of a check.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    Passing,
    Warning,
    Critical,
}

/// One instance in Consul's answer to a query without `passing`, so in any state.
#[derive(Clone, Debug)]
pub struct Entry {
    pub id: String,
    /// The address of the machine on which it runs.
    pub node: IpAddr,
    /// The checks of that machine.
    pub node_checks: Vec<State>,
    /// Its own address. `None`: its address is that of its node.
    pub address: Option<IpAddr>,
    pub port: u16,
    /// Its own checks.
    pub checks: Vec<State>,
}

/// Why no instance can be called.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NoInstance {
    /// No instance of this name is registered.
    NoSuchService,
    /// Instances are registered, and none is healthy: their ids, in the order of the list.
    NoneHealthy(Vec<String>),
}
