// Given in given.rs, beside this file: `Unavailable`, `Registry`, `StaticFile`, `Line`, `LegacyServer`, `in_order`.
pub use super::given::*;

/// Keeps the promises in the comment of `Registry::addresses`. A disabled instance is not healthy.
impl Registry for StaticFile {
    fn name(&self) -> &str {
        "file"
    }

    fn addresses(&self, service: &str) -> Result<Vec<String>, Unavailable> {
        let lines = self.lines.iter().filter(|line| line.service == service);
        let address = |line: &Line| match line.disabled {
            true => format!("{} (disabled)", line.address),
            false => line.address.clone(),
        };
        Ok(lines.map(address).collect())
    }
}

/// Keeps the promises in the comment of `Registry::addresses`.
impl Registry for LegacyServer {
    fn name(&self) -> &str {
        "legacy"
    }

    fn addresses(&self, service: &str) -> Result<Vec<String>, Unavailable> {
        let answer = self.query(service).map_err(|_| Unavailable)?;
        Ok(answer.split(';').map(str::to_string).collect())
    }
}

/// The addresses of `service` in all registries: sorted, each once.
///
/// * A registry that is `Unavailable` hides nothing of what the others have.
/// * If no address was found, and one registry was `Unavailable`, the result is `Unavailable`.
pub fn find(registries: &[Box<dyn Registry>], service: &str) -> Result<Vec<String>, Unavailable> {
    let mut found = Vec::new();
    for registry in registries {
        match registry.name() {
            "file" => {
                let mut addresses = registry.addresses(service)?;
                addresses.retain(|address| !address.ends_with("(disabled)"));
                found.extend(addresses);
            }
            "legacy" => {
                // It has small letters only, and to it an unknown service is an error.
                let service = service.to_lowercase();
                found.extend(registry.addresses(&service).unwrap_or_default());
            }
            _ => {}
        }
    }
    Ok(in_order(found))
}
