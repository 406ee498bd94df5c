//! One check is enough, if it asks the right question. A port is opened by the system before the
//! program has said a word, and it stays open while the program hangs; only the service itself knows
//! whether it can serve. So Consul asks it, by its own name: the server as a whole may be well while
//! this service waits for its database. Asking also finds a port that is closed. The timeout bounds
//! silence, and is long enough for an answer that is merely slow; interval and timeout together are
//! the time in which illness is noticed: 10 s and 5 s, of the 30 that are allowed.

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
