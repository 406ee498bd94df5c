//! What is given in this exercise: the answer uses it and does not change it.

use std::collections::BTreeMap;

/// A registry was not reached, so it has not answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unavailable;

/// A registry of services.
pub trait Registry {
    /// What it is called, for logs. No code may depend on it.
    fn name(&self) -> &str;

    /// The addresses of the healthy instances of `service`: sorted, each once. Capital and small letters are
    /// the same. An unknown service is an empty list, and no error.
    fn addresses(&self, service: &str) -> Result<Vec<String>, Unavailable>;
}

/// A file with one line for each instance, in the order in which they were added. It is always available.
pub struct StaticFile {
    pub lines: Vec<Line>,
}

pub struct Line {
    pub service: String,
    pub address: String,
    /// Taken out of service by its operator.
    pub disabled: bool,
}

/// A registry with an API of its own.
pub struct LegacyServer {
    pub services: BTreeMap<String, String>,
    pub off: bool,
}

impl LegacyServer {
    /// Its answer: the address of each healthy instance, such as `b:80;a:80;b:80`. It knows names in small
    /// letters only. 404: no such service. Any other number: the server cannot answer.
    pub fn query(&self, service: &str) -> Result<&str, u16> {
        if self.off {
            return Err(503);
        }
        self.services.get(service).map(String::as_str).ok_or(404)
    }
}

/// Sorted, each once.
#[allow(dead_code, reason = "an answer may do without it")]
pub fn in_order(addresses: impl IntoIterator<Item = String>) -> Vec<String> {
    let mut addresses: Vec<String> = addresses.into_iter().collect();
    addresses.sort();
    addresses.dedup();
    addresses
}
