//! belief: unique-means-new
//! words: An id has to be new at each start.
//! check: c_a_restart_leaves_no_ghost
//! says: the other entry is a ghost

use std::net::SocketAddr;

/// What an instance knows about itself when it starts.
pub struct Facts {
    /// The service, such as `web`: letters, digits and `-`. All instances of it share the name.
    pub name: String,
    /// Where others reach it: no two that run at the same time have the same one.
    pub advertised: SocketAddr,
    /// Its number in the system. In a container that is 1, mostly.
    pub process: u32,
    /// When it was started, in milliseconds since 1970.
    pub started: u64,
}

/// The id under which this instance is registered.
pub fn id(facts: &Facts) -> String {
    let (ip, port) = (facts.advertised.ip(), facts.advertised.port());
    format!(
        "{}-{ip}-{port}-{}-{}",
        facts.name, facts.process, facts.started
    )
}
