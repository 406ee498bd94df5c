//! One gRPC check is enough. The operating system accepts connections for a program that hangs, so only the service
//! itself knows whether it can serve. The check names the service, because the server as a whole may be SERVING while
//! this service waits for its database. It also fails for a closed port. The timeout is longer than a slow
//! answer. A failure is noticed after the interval and the timeout: 10 s and 5 s, of the 30 s that are allowed.

use std::time::Duration;

// Given in given.rs, beside this file: `Watched`, `Check`.
pub use super::given::*;

/// The checks under which `watched.service` is registered. Callers get it while all of them pass.
pub fn checks(watched: &Watched) -> Vec<Check> {
    vec![Check::Grpc {
        at: format!("{}/{}", watched.addr, watched.service),
        every: Duration::from_secs(10),
        timeout: Duration::from_secs(5),
    }]
}
