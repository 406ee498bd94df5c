use std::time::Duration;

// Given in given.rs, beside this file: `Watched`, `Check`.
pub use super::given::*;

/// The checks under which `watched.service` is registered. Callers get it while all of them pass.
///
/// * Whatever is wrong with it, Consul has noticed after 30 s: nobody listens, the server has accepted
///   the connection and says nothing, the service is NOT_SERVING.
/// * What is well passes after 30 s at the latest, and goes on passing.
/// * An answer that takes 2 s is no illness.
/// * All checks together ask no more than 15 times a minute: there are a hundred instances.
pub fn checks(watched: &Watched) -> Vec<Check> {
    vec![Check::Tcp {
        at: watched.addr.to_string(),
        every: Duration::from_secs(10),
        timeout: Duration::from_secs(5),
    }]
}
