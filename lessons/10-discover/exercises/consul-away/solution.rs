//! Two times are kept for each name, because two things happen: an answer came, and nobody answered. The
//! answer is never thrown away for its age, since nothing better takes its place; the caller hears how old
//! it is, and can decide. A failure is remembered so that the next thousand calls do not each wait for a
//! Consul that is not there. And `told` is an `Option` of a list, so that "nobody is home" and "nobody has
//! ever told me" cannot be mixed up.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::time::Duration;

// Given in given.rs, beside this file: `Away`, `Found`, `Nobody`, `FRESH`, `REST`.
pub use super::given::*;

/// Finds services by their name, and does not ask for each call.
pub struct PhoneBook<A> {
    ask: A,
    pages: HashMap<String, Page>,
}

/// What is known about one name.
#[derive(Default)]
struct Page {
    /// The last answer, and when it came.
    told: Option<(Vec<SocketAddr>, Duration)>,
    /// When Consul was last not reached.
    failed: Option<Duration>,
}

impl<A> PhoneBook<A>
where
    A: FnMut(&str) -> Result<Vec<SocketAddr>, Away>,
{
    pub fn new(ask: A) -> Self {
        let pages = HashMap::new();
        PhoneBook { ask, pages }
    }

    pub fn find(&mut self, name: &str, now: Duration) -> Result<Found, Nobody> {
        let page = self.pages.entry(name.to_string()).or_default();
        let fresh = page.told.as_ref().is_some_and(|(_, at)| now < *at + FRESH);
        let resting = page.failed.is_some_and(|at| now < at + REST);
        if !fresh && !resting {
            match (self.ask)(name) {
                Ok(addrs) => {
                    page.told = Some((addrs, now));
                    page.failed = None;
                }
                Err(Away) => page.failed = Some(now),
            }
        }
        match &page.told {
            None => Err(Nobody::Knows),
            Some((addrs, _)) if addrs.is_empty() => Err(Nobody::IsHome),
            Some((addrs, at)) => Ok(Found {
                addrs: addrs.clone(),
                age: now - *at,
            }),
        }
    }
}
