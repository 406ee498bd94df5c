use std::net::SocketAddr;
use std::time::Duration;

// Given in given.rs, beside this file: `Unavailable`, `Found`, `NotFound`, `Listed`, `FRESH`, `PAUSE`.
pub use super::given::*;

/// Finds the instances of services by name, without a query for each call.
///
/// * An answer of Consul is fresh for less than `FRESH`, an empty list too. While it is fresh, Consul is not asked for
///   that name. Later it is.
/// * While Consul is unavailable, the last answer for the name counts, whatever its age. `age` says how old it is.
/// * After a failed query Consul is asked nothing for `PAUSE`, about any name. Then it is asked again.
/// * If the list that counts is empty, the result is `NotFound::NoInstance`. If there is none for the name, it is
///   `NotFound::Unknown`.
///
/// `query` asks Consul. `now` is the time since the program started; it never goes back.
pub struct Discovery<Q> {
    query: Q,
}

impl<Q> Discovery<Q>
where
    Q: FnMut(&str) -> Result<Vec<SocketAddr>, Unavailable>,
{
    pub fn new(query: Q) -> Self {
        Discovery { query }
    }

    pub fn find(&mut self, name: &str, now: Duration) -> Result<Found, NotFound> {
        let answer = (self.query)(name).map_err(|Unavailable| NotFound::Unknown)?;
        let listed = Listed {
            addrs: answer,
            at: now,
        };
        if listed.addrs.is_empty() {
            return Err(NotFound::NoInstance);
        }
        let age = now - listed.at;
        Ok(Found {
            addrs: listed.addrs.clone(),
            age,
        })
    }
}
