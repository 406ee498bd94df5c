//! The answers are kept by name, and the failure is kept once, because it is a fact about Consul and not about a
//! name. An answer stays when it is too old, because nothing newer takes its place; the caller gets its age and can
//! decide. `get` returns `None` for a name that Consul never answered, so that an empty list and no list cannot be
//! mixed up.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::time::Duration;

// Given in given.rs, beside this file: `Unavailable`, `Found`, `NotFound`, `Listed`, `FRESH`, `PAUSE`.
pub use super::given::*;

/// Finds the instances of services by name, without a query for each call.
pub struct Discovery<Q> {
    query: Q,
    lists: HashMap<String, Listed>,
    /// When the last query failed; `None` if it did not.
    failed: Option<Duration>,
}

impl<Q> Discovery<Q>
where
    Q: FnMut(&str) -> Result<Vec<SocketAddr>, Unavailable>,
{
    pub fn new(query: Q) -> Self {
        Discovery {
            query,
            lists: HashMap::new(),
            failed: None,
        }
    }

    pub fn find(&mut self, name: &str, now: Duration) -> Result<Found, NotFound> {
        let listed = self.lists.get(name);
        let fresh = listed.is_some_and(|listed| now < listed.at + FRESH);
        let paused = self.failed.is_some_and(|at| now < at + PAUSE);
        if !fresh && !paused {
            let answer = (self.query)(name);
            self.failed = answer.is_err().then_some(now);
            if let Ok(addrs) = answer {
                self.lists
                    .insert(name.to_string(), Listed { addrs, at: now });
            }
        }
        let listed = self.lists.get(name).ok_or(NotFound::Unknown)?;
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
