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

/// The name of all that needs one: a run without it leaves this name out, and says so.
mod the_real_consul {
    use super::{conformance, judge};

    conformance::every_case!();
}
