//! The conformance suite against the real Consul, 1.8.7: it says what is right.

use crate::conformance::{self, reaping};
use crate::support::side;

#[test]
fn the_real_consul_keeps_every_promise_of_the_suite() {
    conformance::judge(side::real, conformance::SHARED, 16);
}

#[test]
fn the_real_consul_keeps_every_promise_about_definition_files() {
    conformance::judge(side::real, conformance::DEFINITIONS, 4);
}

#[test]
#[ignore = "nightly: waits a minute for the real reaper; scripts/test nightly"]
fn reaping_the_real_consul_nightly() {
    let server = side::real(None, None).unwrap_or_else(|trouble| panic!("{trouble}"));
    reaping::a_service_that_stays_critical_is_taken_out(&server, std::thread::sleep);
}
