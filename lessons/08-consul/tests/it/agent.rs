//! The conformance suite against the agent of this lesson.

use std::time::Duration;

use l08_consul::agent::{Agent, Config};
use l08_consul::clock::Clock;

use crate::conformance::{self, reaping};
use crate::support::{Http, side};

#[test]
fn the_agent_keeps_every_promise_of_the_suite() {
    conformance::judge(side::agent, conformance::SHARED, 16);
}

#[test]
fn the_agent_keeps_every_promise_about_definition_files() {
    conformance::judge(side::agent, conformance::DEFINITIONS, 4);
}

/// On a clock that the case drives: its two and a half minutes take no time.
#[test]
fn the_agent_takes_out_a_service_that_stays_critical() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let clock = Clock::manual();
    let config = Config {
        clock: clock.clone(),
        ..Config::default()
    };
    let agent = runtime.block_on(Agent::start(config)).unwrap();
    let http = Http {
        addr: agent.address(),
        fresh: side::agent,
    };
    let pass = |time: Duration| runtime.block_on(clock.advance(time));
    reaping::a_service_that_stays_critical_is_taken_out(&http, pass);
    runtime.block_on(agent.stop());
}
