//! belief: the-process-number-is-unique
//! words: A process number is unique.
//! check: b_containers_look_alike_from_inside
//! says: What is different? Where others reach them.

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
    format!("{}-{}", facts.name, facts.process)
}
