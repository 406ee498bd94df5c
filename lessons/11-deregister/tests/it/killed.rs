//! The crash against the real Consul: `kill -9` of one of three under load.

use std::time::Duration;

use crate::proof::crash;
use l08_consul::agent::{Agent, Config};
use l08_consul::clock::Clock;
use l09_register::instance::{EVERY, Instance};
use l09_register::registry::Registry;
use l11_deregister::drain::Limits;
use services::Side;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn callers_see_no_error_and_do_not_wait_for_the_real_consul() {
    let mut setting = crate::support::setting(Side::Real);
    // More often than in life: how long Consul takes is not what is proven.
    setting.every = Duration::from_secs(3);
    let report = crash::run(&setting, 1, false).await.unwrap();
    println!("{report}");
    assert!(report.count.failed.is_empty(), "{report}");
    let death = report.deaths[0];
    assert!(death.meanwhile > 0, "no calls: {death}");
    // It left the list because a check looked, and callers knew before that.
    assert!(death.called <= death.listed, "{death}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_entry_of_the_dead_is_cleared_away() {
    // Lesson 08's agent: with its clock two minutes are over in a moment.
    let config = Config {
        clock: Clock::manual(),
        ..Config::default()
    };
    let agent = Agent::start(config).await.unwrap();
    let registry = Registry::at(agent.address()).unwrap();
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let mut dead = Instance::new("greeter", listener.local_addr().unwrap());
    // A port that only listens: that is enough for the TCP check.
    dead.checks.truncate(1);
    let dead = dead.reaped_after(Duration::from_secs(60));
    registry.register(&dead).await.unwrap();
    agent.clock().advance(EVERY).await;
    drop(listener);
    agent.clock().advance(Duration::from_secs(60)).await;
    assert!(registry.knows(&dead.id).await.unwrap(), "too soon");
    agent.clock().advance(Duration::from_secs(60)).await;
    assert!(!registry.knows(&dead.id).await.unwrap(), "still there");
    // Leaving is not longer than what a supervisor usually waits before it kills.
    assert!(Limits::default().longest() < Duration::from_secs(30));
}
