//! Staying registered while Consul is away, restarts, or has lost everything; with both kinds of Consul.

use std::net::{SocketAddr, TcpListener};
use std::time::Duration;

use crate::support::{PATIENCE, call, consul, sides};
use l09_register::instance::{Check, Instance};
use l09_register::keep::{Kept, Rhythm, keep};
use l09_register::registry::{Error, Registry};
use stage::log::capture;
use tokio::time::timeout;

/// Short pauses, so that the test is short.
const RHYTHM: Rhythm = Rhythm {
    first: Duration::from_millis(20),
    longest: Duration::from_millis(200),
    look: Duration::from_millis(50),
};

fn greeter() -> Instance {
    let mut greeter = Instance::new("greeter", SocketAddr::from(([127, 0, 0, 1], 18_801)));
    greeter.checks.clear();
    greeter
}

fn kept(registry: &Registry, instance: &Instance) -> Kept {
    keep(registry.clone(), instance.clone(), RHYTHM)
}

async fn becomes(kept: &Kept, wanted: bool) {
    let mut registered = kept.registered();
    let turned = timeout(PATIENCE, registered.wait_for(|now| *now == wanted)).await;
    assert!(matches!(turned, Ok(Ok(_))), "never {wanted}: {turned:?}");
}

/// A port that no program has now. From below those that the system gives to connections, so that it is
/// free again after a stop.
fn port() -> u16 {
    let from = 21_000 + u16::try_from(std::process::id() % 3_000).unwrap();
    (from..)
        .find(|port| TcpListener::bind(("127.0.0.1", *port)).is_ok())
        .unwrap()
}

#[tokio::test]
async fn consul_comes_later_goes_and_comes_back_with_nothing_in_it() {
    for side in sides() {
        let port = port();
        let addr = SocketAddr::from(([127, 0, 0, 1], port));
        let (registry, instance) = (Registry::at(addr).unwrap(), greeter());
        let log = capture();
        let kept = kept(&registry, &instance);
        while log.lines().len() < 3 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        assert!(!*kept.registered().borrow());
        for line in log.lines() {
            let away = line.starts_with("Consul is away: ") && line.contains("; again in ");
            assert!(away, "{side}: {line}");
        }

        let first = consul(side, Some(port)).await;
        becomes(&kept, true).await;
        assert!(registry.knows(&instance.id).await.unwrap(), "{side}");

        first.stop().await;
        becomes(&kept, false).await;
        let second = consul(side, Some(port)).await;
        becomes(&kept, true).await;
        assert!(registry.knows(&instance.id).await.unwrap(), "{side}");

        // Another client deregisters it.
        registry.deregister(&instance.id).await.unwrap();
        becomes(&kept, false).await;
        becomes(&kept, true).await;
        let forgotten = log.contains(&format!("Consul does not know {} any more", instance.id));
        assert!(forgotten, "{side}: {:?}", log.lines());

        kept.leave().await.unwrap();
        assert!(!registry.knows(&instance.id).await.unwrap(), "{side}");
        second.stop().await;
    }
}

#[tokio::test]
async fn what_consul_will_never_take_is_not_tried_for_ever() {
    for side in sides() {
        let consul = consul(side, None).await;
        let registry = Registry::at(consul.addr()).unwrap();
        let mut wrong = greeter();
        wrong.checks = vec![Check::Ttl {
            within: Duration::ZERO,
        }];
        let log = capture();
        let kept = kept(&registry, &wrong);
        while log.lines().is_empty() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        tokio::time::sleep(RHYTHM.longest * 2).await;
        let lines = log.lines();
        let [line] = &lines[..] else {
            panic!("{side}: {lines:?}");
        };
        assert!(line.starts_with("Consul refuses (400)"), "{side}: {line}");
        assert!(line.contains("will not get better"), "{side}: {line}");
        kept.leave().await.unwrap();
    }
}

#[tokio::test]
async fn whoever_drops_the_handle_leaves_the_entry_behind() {
    let consul = consul(sides()[0], None).await;
    let (registry, instance) = (Registry::at(consul.addr()).unwrap(), greeter());
    let kept = kept(&registry, &instance);
    becomes(&kept, true).await;
    drop(kept);
    tokio::time::sleep(RHYTHM.look * 4).await;
    assert!(registry.knows(&instance.id).await.unwrap());
    let path = format!("/v1/agent/service/deregister/{}", instance.id);
    call(consul.addr(), "PUT", &path, "").await;
    tokio::time::sleep(RHYTHM.look * 4).await;
    let again = registry.knows(&instance.id).await.unwrap();
    assert!(!again, "and it stays deregistered");
}

#[tokio::test]
async fn an_agent_that_says_nothing_does_not_hold_anybody() {
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let registry = Registry::at(silent.local_addr().unwrap())
        .unwrap()
        .with_deadline(Duration::from_millis(100));
    let asked = timeout(PATIENCE, registry.knows("greeter")).await.unwrap();
    let Err(Error::Away(words)) = asked else {
        panic!("{asked:?}");
    };
    assert!(
        words.contains("no answer from") && words.contains("100 ms"),
        "{words}"
    );
}
