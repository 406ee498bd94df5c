//! Accepted: a set keeps the order, and an iterator finds the registries that did not answer.

use std::collections::BTreeSet;

// Given in given.rs, beside this file: `Unavailable`, `Registry`, `StaticFile`, `Line`, `LegacyServer`, `in_order`.
pub use super::given::*;

impl Registry for StaticFile {
    fn name(&self) -> &str {
        "file"
    }

    fn addresses(&self, service: &str) -> Result<Vec<String>, Unavailable> {
        let mut found = BTreeSet::new();
        for line in &self.lines {
            if line.service.eq_ignore_ascii_case(service) && !line.disabled {
                found.insert(line.address.clone());
            }
        }
        Ok(found.into_iter().collect())
    }
}

impl Registry for LegacyServer {
    fn name(&self) -> &str {
        "legacy"
    }

    fn addresses(&self, service: &str) -> Result<Vec<String>, Unavailable> {
        let service = service.to_ascii_lowercase();
        if self.query(&service) == Err(404) {
            return Ok(vec![]);
        }
        let found: BTreeSet<&str> = self
            .query(&service)
            .map_err(|_| Unavailable)?
            .split(';')
            .collect();
        Ok(found.into_iter().map(String::from).collect())
    }
}

pub fn find(registries: &[Box<dyn Registry>], service: &str) -> Result<Vec<String>, Unavailable> {
    let (answers, failures): (Vec<_>, Vec<_>) = registries
        .iter()
        .map(|registry| registry.addresses(service))
        .partition(Result::is_ok);
    let found: BTreeSet<String> = answers.into_iter().flatten().flatten().collect();
    if found.is_empty() && !failures.is_empty() {
        return Err(Unavailable);
    }
    Ok(found.into_iter().collect())
}
