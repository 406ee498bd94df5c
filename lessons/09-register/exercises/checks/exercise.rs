use std::time::Duration;

// Given in given.rs, beside this file: `Watched`, `Check`.
pub use super::given::*;

/// The checks under which `watched.service` is registered. Callers get it while all of them pass.
///
/// * Consul has noticed each of these failures after 30 s: the port is closed, the server accepts the connection
///   and does not answer, the service is NOT_SERVING.
/// * A healthy service passes after 30 s at the latest, and stays passing.
/// * An answer that takes 2 s is healthy.
/// * All checks together make 15 attempts a minute at most, because there are a hundred instances.
pub fn checks(watched: &Watched) -> Vec<Check> {
    vec![Check::Tcp {
        at: watched.addr.to_string(),
        every: Duration::from_secs(10),
        timeout: Duration::from_secs(5),
    }]
}
