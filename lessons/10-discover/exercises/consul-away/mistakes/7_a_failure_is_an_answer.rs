//! belief: a-failure-is-an-answer
//! words: A failure is an answer, and good as long as one.
//! check: f_consul_is_back
//! says: a second after it was back

use std::collections::HashMap;
use std::net::SocketAddr;
use std::time::Duration;

/// Consul was not reached. Finding that out has cost the caller a second or two.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Away;

/// Whom to call, and how old that knowledge is: the time since Consul has told it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    pub addrs: Vec<SocketAddr>,
    pub age: Duration,
}

/// Why there is nobody to call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Nobody {
    /// Consul has said that nobody of this name is well.
    IsHome,
    /// Consul was never reached about this name.
    Knows,
}

/// How long a list is as good as new.
pub const FRESH: Duration = Duration::from_secs(10);

/// How long Consul is left alone after it was not reached.
pub const REST: Duration = Duration::from_secs(1);

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
        let resting = page.failed.is_some_and(|at| now < at + FRESH + REST);
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
