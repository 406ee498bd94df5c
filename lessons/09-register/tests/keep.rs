//! Kept registered, whatever happens to Consul. With both kinds.

mod support;

use std::net::{SocketAddr, TcpListener};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use l09_register::instance::{Check, Instance};
use l09_register::keep::{Event, Kept, Rhythm, keep_and_tell};
use l09_register::registry::{Error, Registry};
use support::{PATIENCE, call, consul, sides};
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

type Events = Arc<Mutex<Vec<Event>>>;

fn kept(registry: &Registry, instance: &Instance) -> (Kept, Events) {
    let events = Events::default();
    let log = events.clone();
    let kept = keep_and_tell(registry.clone(), instance.clone(), RHYTHM, move |event| {
        log.lock().unwrap().push(event.clone());
    });
    (kept, events)
}

async fn becomes(kept: &Kept, wanted: bool) {
    let mut registered = kept.registered();
    let turned = timeout(PATIENCE, registered.wait_for(|now| *now == wanted)).await;
    assert!(matches!(turned, Ok(Ok(_))), "never {wanted}: {turned:?}");
}

/// A port that nobody has now. From below those that the system gives to connections, so that it is
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
        let (kept, events) = kept(&registry, &instance);
        while events.lock().unwrap().len() < 3 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        assert!(!*kept.registered().borrow());
        for event in events.lock().unwrap().iter() {
            let away = matches!(
                event,
                Event::Failed {
                    error: Error::Away(_),
                    ..
                }
            );
            assert!(away, "{side}: {event:?}");
        }

        let first = consul(side, Some(port)).await;
        becomes(&kept, true).await;
        assert!(registry.knows(&instance.id).await.unwrap(), "{side}");

        first.stop().await;
        becomes(&kept, false).await;
        let second = consul(side, Some(port)).await;
        becomes(&kept, true).await;
        assert!(registry.knows(&instance.id).await.unwrap(), "{side}");

        // Somebody else takes it off the list.
        registry.deregister(&instance.id).await.unwrap();
        becomes(&kept, false).await;
        becomes(&kept, true).await;
        let forgotten = events.lock().unwrap().contains(&Event::Forgotten);
        assert!(forgotten, "{side}");

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
        let (kept, events) = kept(&registry, &wrong);
        while events.lock().unwrap().is_empty() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        tokio::time::sleep(RHYTHM.longest * 2).await;
        let events = events.lock().unwrap().clone();
        let [Event::GivenUp { error }] = &events[..] else {
            panic!("{side}: {events:?}");
        };
        assert!(matches!(error, Error::Refused { code: 400, .. }), "{side}");
        kept.leave().await.unwrap();
    }
}

#[tokio::test]
async fn whoever_drops_the_handle_leaves_the_entry_behind() {
    let consul = consul(sides()[0], None).await;
    let (registry, instance) = (Registry::at(consul.addr()).unwrap(), greeter());
    let (kept, _) = kept(&registry, &instance);
    becomes(&kept, true).await;
    drop(kept);
    tokio::time::sleep(RHYTHM.look * 4).await;
    assert!(registry.knows(&instance.id).await.unwrap());
    let path = format!("/v1/agent/service/deregister/{}", instance.id);
    call(consul.addr(), "PUT", &path, "").await;
    tokio::time::sleep(RHYTHM.look * 4).await;
    let again = registry.knows(&instance.id).await.unwrap();
    assert!(!again, "and nobody registers it again");
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
