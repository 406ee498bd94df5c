//! The conformance suite against the real Consul, 1.8.7: it says what is right.

mod conformance;
mod support;

use std::sync::OnceLock;

use support::{Http, Server, side};

/// Runs a case against the one Consul of this program. Nothing drops a static: it ends because
/// [`testkit::Guarded`] notices the end of this process.
fn judge(case: fn(&Http)) {
    static SHARED: OnceLock<Result<Server, String>> = OnceLock::new();
    match SHARED.get_or_init(|| side::real(None, None)) {
        Ok(server) => case(server),
        Err(trouble) => panic!("{trouble}"),
    }
}

conformance::every_case!();
