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
///
/// * Two instances that run at the same time never have the same id, also when they belong to
///   different services: Consul keeps one entry for an id, and the second replaces the first.
/// * An instance that was killed, and starts again in its place, replaces its own dead entry.
/// * It stands in the path of a URL when the instance is taken off the list: letters, digits and
///   `-`, `.`, `_`, `:` only.
pub fn id(facts: &Facts) -> String {
    facts.name.clone()
}
