//! The watch, with both kinds of Consul and with a server that gives unusual answers.

use std::net::SocketAddr;
use std::time::Duration;

use crate::support::{Say, Scripted, answer, becomes, consul, list, register, sides};
use l06_grpc::retry::Policy;
use l09_register::registry::Registry;
use l10_discover::cache::Freshness;
use l10_discover::health::Query;
use l10_discover::watch::{Snapshot, WatchOptions, next_index, watch};
use tokio::time::{Instant, sleep};

/// Short pauses, so that the test is short.
fn watch_options() -> WatchOptions {
    WatchOptions {
        wait: Duration::from_secs(30),
        slack: Duration::from_secs(10),
        backoff: Policy {
            attempts: u32::MAX,
            first: Duration::from_millis(10),
            longest: Duration::from_millis(100),
        },
        min_interval: Duration::from_millis(20),
        retention: Duration::from_millis(1500),
    }
}

fn place(port: u16) -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], port))
}

fn ports(snapshot: &Snapshot) -> Vec<u16> {
    snapshot
        .instances
        .iter()
        .map(|one| one.addr.port())
        .collect()
}

#[tokio::test]
async fn each_change_arrives_and_an_empty_list_too() {
    for side in sides() {
        let consul = consul(side, None).await;
        let registry = Registry::at(consul.addr()).unwrap();
        let mut seen = watch(registry.clone(), Query::named("greeter"), watch_options());
        assert!(seen.borrow().freshness == Freshness::Unknown);
        becomes(&mut seen, "known, and empty", |now| {
            now.freshness == Freshness::Current && now.instances.is_empty()
        })
        .await;
        let one = register(&registry, "greeter", place(1)).await;
        becomes(&mut seen, "one", |now| ports(now) == [1]).await;
        let two = register(&registry, "greeter", place(2)).await;
        becomes(&mut seen, "two", |now| ports(now) == [1, 2]).await;
        registry.deregister(&one.id).await.unwrap();
        becomes(&mut seen, "the second", |now| ports(now) == [2]).await;
        registry.deregister(&two.id).await.unwrap();
        let last = becomes(&mut seen, "empty", |now| now.instances.is_empty()).await;
        assert!(last.unconfirmed.is_empty(), "{side}: {last:?}");
    }
}

#[tokio::test]
async fn consul_away_leaves_the_last_list_and_a_new_one_forgets_slowly() {
    for side in sides() {
        let consul = consul(side, None).await;
        let addr = consul.addr();
        let registry = Registry::at(addr).unwrap();
        register(&registry, "greeter", place(1)).await;
        let two = register(&registry, "greeter", place(2)).await;
        let mut seen = watch(registry.clone(), Query::named("greeter"), watch_options());
        becomes(&mut seen, "two", |now| ports(now) == [1, 2]).await;
        consul.stop().await;
        let stale = becomes(&mut seen, "stale", |now| {
            matches!(now.freshness, Freshness::Stale { .. })
        })
        .await;
        assert_eq!(ports(&stale), [1, 2], "{side}");

        // It is back with nothing in it. One of them tells it again, the other one has gone.
        let consul = crate::support::consul(side, Some(addr.port())).await;
        let back = becomes(&mut seen, "fresh", |now| {
            now.freshness == Freshness::Current
        })
        .await;
        let home: Vec<u16> = back.callable().map(|one| one.addr.port()).collect();
        assert_eq!(home.len(), 2, "{side}: {back:?}");
        registry.register(&two).await.unwrap();
        becomes(&mut seen, "the second is told again", |now| {
            ports(now) == [2]
        })
        .await;
        let over = becomes(&mut seen, "the first is forgotten", |now| {
            now.unconfirmed.is_empty()
        });
        assert_eq!(ports(&over.await), [2], "{side}");
        consul.stop().await;
    }
}

#[test]
fn the_rules_for_the_index() {
    assert_eq!(next_index(0, 7), 7);
    assert_eq!(next_index(7, 7), 7);
    assert_eq!(next_index(7, 8), 8);
    assert_eq!(next_index(57, 3), 0);
    assert_eq!(next_index(57, 0), 0);
    assert_eq!(next_index(0, 0), 1);
}

#[tokio::test]
async fn an_index_that_falls_is_asked_anew() {
    let consul = Scripted::start(vec![
        answer(200, "57", &list(&[1, 2])),
        answer(200, "3", &list(&[2])),
        answer(200, "3", &list(&[2])),
        answer(200, "0", "[]"),
        answer(200, "0", "[]"),
        Say::Nothing,
    ])
    .await;
    let registry = Registry::at(consul.addr).unwrap();
    let mut seen = watch(registry, Query::named("greeter"), watch_options());
    consul.heard(6).await;
    assert_eq!(consul.indexes(), [0, 57, 0, 3, 0, 1]);
    // A Consul whose index starts again may have lost instances.
    let now = seen.borrow_and_update().clone();
    assert!(now.instances.is_empty(), "{now:?}");
    assert_eq!(now.callable().count(), 2, "{now:?}");
    assert!(
        consul.asked()[0].contains("passing=true"),
        "{:?}",
        consul.asked()
    );
}

#[tokio::test]
async fn errors_keep_the_list_and_are_asked_again_from_the_start() {
    let odd = [
        answer(500, "7", "No cluster leader"),
        answer(200, "7", "{"),
        Say::Bytes(Vec::new()),
        Say::Bytes(b"SSH-2.0\r\n".to_vec()),
    ];
    for odd in odd {
        let consul = Scripted::start(vec![
            answer(200, "57", &list(&[1])),
            odd.clone(),
            odd,
            answer(200, "58", &list(&[1, 2])),
            Say::Nothing,
        ])
        .await;
        let registry = Registry::at(consul.addr).unwrap();
        let mut seen = watch(registry, Query::named("greeter"), watch_options());
        let stale = becomes(&mut seen, "stale", |now| {
            matches!(now.freshness, Freshness::Stale { .. })
        });
        assert_eq!(ports(&stale.await), [1]);
        becomes(&mut seen, "fresh again", |now| {
            now.freshness == Freshness::Current && ports(now) == [1, 2]
        })
        .await;
        consul.heard(5).await;
        assert_eq!(consul.indexes(), [0, 57, 0, 0, 58]);
    }
}

#[tokio::test]
async fn a_consul_that_is_silent_longer_than_it_may_is_away() {
    let quick = WatchOptions {
        wait: Duration::from_millis(100),
        slack: Duration::from_millis(200),
        ..watch_options()
    };
    let consul = Scripted::start(vec![answer(200, "57", &list(&[1])), Say::Nothing]).await;
    let registry = Registry::at(consul.addr).unwrap();
    let mut seen = watch(registry, Query::named("greeter"), quick);
    let stale = becomes(&mut seen, "stale", |now| {
        matches!(now.freshness, Freshness::Stale { .. })
    });
    assert_eq!(ports(&stale.await), [1]);
}

#[tokio::test]
async fn an_index_that_runs_makes_no_storm() {
    let consul = Scripted::start(
        (1..1000)
            .map(|n| answer(200, &n.to_string(), "[]"))
            .collect(),
    )
    .await;
    let registry = Registry::at(consul.addr).unwrap();
    let since = Instant::now();
    let _seen = watch(registry, Query::named("greeter"), watch_options());
    sleep(Duration::from_secs(1)).await;
    let most = since.elapsed().as_millis() / watch_options().min_interval.as_millis() + 1;
    let asked = consul.asked().len();
    assert!(
        asked as u128 <= most,
        "{asked} questions, {most} are allowed"
    );
}

#[tokio::test]
async fn the_watch_ends_with_its_last_receiver() {
    let consul = Scripted::start(vec![answer(200, "1", "[]")]).await;
    let registry = Registry::at(consul.addr).unwrap();
    let seen = watch(registry, Query::named("greeter"), watch_options());
    consul.heard(3).await;
    drop(seen);
    sleep(Duration::from_millis(100)).await;
    let asked = consul.asked().len();
    sleep(Duration::from_millis(300)).await;
    assert_eq!(consul.asked().len(), asked);
}
