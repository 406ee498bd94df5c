//! The conformance suite against the real Consul, 1.8.7: it says what is right.

mod conformance;
mod support;

use std::path::Path;
use std::sync::OnceLock;

use support::{Http, Server};
use testkit::consul;

fn fresh(definitions: Option<&Path>, data: Option<&Path>) -> Result<Server, String> {
    let mut setup = consul::Setup::new();
    if let Some(folder) = definitions {
        setup = setup.definitions(folder);
    }
    if let Some(folder) = data {
        setup = setup.data(folder);
    }
    let consul = setup.start().map_err(|trouble| trouble.to_string())?;
    Ok(Server::new(consul.addr(), fresh, consul))
}

/// Runs a case against the one Consul of this program. Nothing drops a static; it ends because
/// [`testkit::Guarded`] notices the end of this process.
fn judge(case: fn(&Http)) {
    static SHARED: OnceLock<Result<Server, String>> = OnceLock::new();
    match SHARED.get_or_init(|| fresh(None, None)) {
        Ok(server) => case(server),
        Err(trouble) => panic!("{trouble}"),
    }
}

conformance::every_case!();
