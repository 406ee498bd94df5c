//! belief: parts-keep-apart-by-themselves
//! words: The parts of a text keep apart by themselves.
//! check: d_other_services_have_entries_as_well
//! says: what stands between the parts

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
    let digits: String = facts.advertised.to_string();
    let digits: String = digits.chars().filter(char::is_ascii_alphanumeric).collect();
    format!("{}{digits}", facts.name)
}
