//! What makes an instance this one and no other? Its place: two cannot be reached at the same one. So
//! the address and the port are in the id, and both of them, because every container may use port 8080.
//! What changes at each start (a number, the time, something random) would be unique as well, but a
//! killed instance could not replace its own entry: each crash would leave a dead one in the list.
//! The parts have something between them, else `web1` at port 8080 and `web` at 18080 were the same
//! text; and brackets of IPv6 stay out, because the id goes into a URL.

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
    format!("{}_{ip}_{port}", facts.name)
}
