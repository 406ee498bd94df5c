//! Each difference between two backends is handled in one place: the adapter, which knows one backend and nothing
//! else. After that the trait says what is true of all of them, and `find` is right for a registry that is added
//! next year. A trait promises more than its types say: the comment says that an unknown service is an empty
//! list, and one suite of tests holds each backend to it. Callers do need one difference: an empty list is
//! an answer, and `Unavailable` is none.

// Given in given.rs, beside this file: `Unavailable`, `Registry`, `StaticFile`, `Line`, `LegacyServer`, `in_order`.
pub use super::given::*;

/// Keeps the promises in the comment of `Registry::addresses`.
impl Registry for StaticFile {
    fn name(&self) -> &str {
        "file"
    }

    fn addresses(&self, service: &str) -> Result<Vec<String>, Unavailable> {
        let service = service.to_lowercase();
        let lines = self.lines.iter();
        let healthy = lines.filter(|line| !line.disabled && line.service.to_lowercase() == service);
        Ok(in_order(healthy.map(|line| line.address.clone())))
    }
}

/// Keeps the promises in the comment of `Registry::addresses`.
impl Registry for LegacyServer {
    fn name(&self) -> &str {
        "legacy"
    }

    fn addresses(&self, service: &str) -> Result<Vec<String>, Unavailable> {
        match self.query(&service.to_lowercase()) {
            Ok(answer) => Ok(in_order(answer.split(';').map(str::to_string))),
            Err(404) => Ok(Vec::new()),
            Err(_) => Err(Unavailable),
        }
    }
}

/// The addresses of `service` in all registries: sorted, each once.
pub fn find(registries: &[Box<dyn Registry>], service: &str) -> Result<Vec<String>, Unavailable> {
    let mut found = Vec::new();
    let mut unavailable = false;
    for registry in registries {
        match registry.addresses(service) {
            Ok(addresses) => found.extend(addresses),
            Err(Unavailable) => unavailable = true,
        }
    }
    if found.is_empty() && unavailable {
        return Err(Unavailable);
    }
    Ok(in_order(found))
}
