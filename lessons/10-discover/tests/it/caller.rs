//! Calls by name: which instances get calls, which get none any more, and which status a caller gets.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::process::Command;
use std::time::Duration;

use crate::support::{PATIENCE, Say, Scripted, becomes, consul, listed, over, register, sides};
use l06_grpc::retry::Repeat;
use l06_grpc::server::Settings as Server;
use l09_register::registry::Registry;
use l09_register::service::{self, Service};
use l10_discover::balance::Members;
use l10_discover::caller::{CallOptions, Caller, Error};
use l10_discover::health::Query;
use l10_discover::watch::Snapshot;
use services::testkit::program;
use stage::load::Load;
use tokio::net::TcpListener;
use tokio::time::{Instant, sleep, timeout};
use tonic::Code;

async fn greeter() -> Service {
    service::start(service::Options::default()).await.unwrap()
}

/// An address on which no server listens.
async fn refusing() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    listener.local_addr().unwrap()
}

#[tokio::test]
async fn thirty_calls_reach_all_three() {
    for side in sides() {
        let consul = consul(side, None).await;
        let registry = Registry::at(consul.addr()).unwrap();
        let mut greeters = Vec::new();
        for _ in 0..3 {
            let greeter = greeter().await;
            register(&registry, "greeter", greeter.addr).await;
            greeters.push(greeter);
        }
        let caller = Caller::new(registry, Query::named("greeter"), CallOptions::default());
        becomes(&mut caller.snapshots(), "three", |now| {
            now.instances.len() == 3
        })
        .await;
        caller.greet("Ada").await.unwrap();
        let mut by: BTreeMap<String, u32> = BTreeMap::new();
        for _ in 0..30 {
            let greeted = caller.greet("Ada").await.unwrap();
            assert_eq!(greeted.message, "hello Ada");
            *by.entry(greeted.by.unwrap()).or_default() += 1;
        }
        // The chance that one of three is never drawn in 30 calls is one in 60,000; and they may not
        // all be connected at the first calls.
        assert_eq!(by.len(), 3, "{side}: {by:?}");
    }
}

#[tokio::test]
async fn no_healthy_instance_is_an_error_at_once() {
    for side in sides() {
        let consul = consul(side, None).await;
        let registry = Registry::at(consul.addr()).unwrap();
        let query = Query::named("greeter").tagged("v2");
        let patient = CallOptions {
            deadline: PATIENCE,
            ..CallOptions::default()
        };
        let caller = Caller::new(registry, query, patient);
        let since = Instant::now();
        let error = caller.greet("Ada").await.unwrap_err();
        assert!(
            matches!(error, Error::NoHealthyInstance { .. }),
            "{side}: {error}"
        );
        let words = "no healthy instance: Consul lists none for `greeter` with the tag `v2`";
        assert_eq!(error.to_string(), words);
        assert!(since.elapsed() < PATIENCE / 2, "{side}");
    }
}

#[tokio::test]
async fn without_consul_the_instances_are_unknown() {
    let quick = CallOptions {
        deadline: Duration::from_millis(1500),
        ..CallOptions::default()
    };
    let caller = Caller::new(
        Registry::at(refusing().await).unwrap(),
        Query::named("greeter"),
        quick.clone(),
    );
    let error = caller.greet("Ada").await.unwrap_err();
    assert!(
        matches!(error, Error::RegistryUnavailable { why: Some(_), .. }),
        "{error}"
    );
    let silent = Scripted::start(vec![Say::Nothing]).await;
    let registry = Registry::at(silent.addr).unwrap();
    let caller = Caller::new(registry, Query::named("greeter"), quick);
    let error = caller.greet("Ada").await.unwrap_err();
    assert!(
        matches!(error, Error::RegistryUnavailable { why: None, .. }),
        "{error}"
    );
}

#[tokio::test]
async fn one_that_refuses_is_called_no_more_and_is_called_again_when_it_accepts() {
    let (alive, dead) = (greeter().await, refusing().await);
    let (_tell, caller) = over(&[alive.addr, dead], CallOptions::default());
    let mut members = caller.members();
    becomes(&mut members, "both", |now| now.called.len() == 2).await;
    // Some calls meet it, and none of them fails.
    for _ in 0..50 {
        caller.greet("Ada").await.unwrap();
    }
    let now = becomes(&mut members, "one refuses", |now| !now.refusing.is_empty()).await;
    assert!(now.refusing.contains(&dead) && now.called.contains(&alive.addr));
    for _ in 0..50 {
        assert_eq!(caller.greet("Ada").await.unwrap().attempts, 1);
    }
    let back = service::start(service::Options {
        bind: dead,
        ..service::Options::default()
    });
    let back = back.await.unwrap();
    becomes(&mut members, "both again", |now| now.called.len() == 2).await;
    let heard =
        async { while caller.greet("Ada").await.unwrap().by.as_deref() != Some(&back.instance) {} };
    timeout(PATIENCE, heard).await.unwrap();
}

#[tokio::test]
async fn when_all_refuse_the_error_says_so_in_time() {
    let quick = CallOptions {
        deadline: Duration::from_millis(800),
        ..CallOptions::default()
    };
    let (tell, caller) = over(&[refusing().await, refusing().await], quick);
    for _ in 0..3 {
        let error = caller.greet("Ada").await.unwrap_err();
        let Error::Call(status) = &error else {
            panic!("{error}");
        };
        assert_eq!(status.code(), Code::Unavailable, "{error}");
    }
    let error = caller.greet("Ada").await.unwrap_err();
    assert!(
        error.to_string().contains("all 2 listed instances refuse"),
        "{error}"
    );
    // And then both leave.
    tell.send_replace(listed(&[]));
    let error = caller.greet("Ada").await.unwrap_err();
    assert!(matches!(error, Error::NoHealthyInstance { .. }), "{error}");
}

#[tokio::test]
async fn only_safe_calls_are_made_again() {
    let (_tell, caller) = over(&[refusing().await], CallOptions::default());
    let mut attempts = 0;
    let outcome = caller.call(Repeat::Never, |client| {
        attempts += 1;
        async move { client.say("Ada").await }
    });
    assert!(outcome.await.is_err());
    assert_eq!(attempts, 1);
}

#[tokio::test]
async fn a_refusal_of_the_service_is_handed_on_at_once() {
    let one = greeter().await;
    let (_tell, caller) = over(&[one.addr], CallOptions::default());
    let error = caller.greet("").await.unwrap_err();
    let Error::Call(status) = &error else {
        panic!("{error}");
    };
    assert_eq!(status.code(), Code::InvalidArgument);
}

#[tokio::test]
async fn a_call_under_way_is_finished_after_its_instance_has_left_the_list() {
    let slow = Server {
        work: Some(Duration::from_millis(600)),
        ..Server::default()
    };
    let slow = service::start(service::Options {
        settings: slow,
        ..service::Options::default()
    });
    let (slow, quick) = (slow.await.unwrap(), greeter().await);
    let (tell, caller) = over(&[slow.addr], CallOptions::default());
    let under_way = caller.clone();
    let call = tokio::spawn(async move { under_way.greet("Ada").await });
    sleep(Duration::from_millis(200)).await;
    tell.send_replace(listed(&[quick.addr]));
    becomes(&mut caller.members(), "the other", |now| {
        now.called.contains(&quick.addr)
    })
    .await;
    let next = caller.greet("Bob").await.unwrap();
    assert_eq!(next.by.as_deref(), Some(quick.instance.as_str()));
    let first = call.await.unwrap().unwrap();
    assert_eq!(first.by.as_deref(), Some(slow.instance.as_str()));
    assert_eq!(first.attempts, 1);
}

#[tokio::test]
async fn a_server_that_says_nothing_ends_with_the_deadline() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = listener.local_addr().unwrap();
    tokio::spawn(async move {
        let mut silent = Vec::new();
        while let Ok((stream, _)) = listener.accept().await {
            silent.push(stream);
        }
    });
    let quick = CallOptions {
        deadline: Duration::from_millis(300),
        ..CallOptions::default()
    };
    let (_tell, caller) = over(&[addr], quick);
    let error = timeout(PATIENCE, caller.greet("Ada"))
        .await
        .unwrap()
        .unwrap_err();
    let Error::Call(status) = &error else {
        panic!("{error}");
    };
    assert_eq!(status.code(), Code::DeadlineExceeded, "{error}");
}

#[tokio::test]
async fn hundreds_of_changes_without_a_call_block_nothing() {
    let one = greeter().await;
    let (tell, caller) = over(&[one.addr], CallOptions::default());
    for port in 1..500 {
        tell.send_replace(listed(&[SocketAddr::from(([127, 0, 0, 1], port))]));
        tokio::task::yield_now().await;
    }
    let many: Vec<SocketAddr> = (1..300).map(|port| ([127, 0, 0, 1], port).into()).collect();
    tell.send_replace(listed(&many));
    becomes(&mut caller.members(), "many", |now| now.called.len() == 299).await;
    tell.send_replace(listed(&[one.addr]));
    becomes(&mut caller.members(), "one", |now| now.called.len() == 1).await;
    assert_eq!(
        caller.greet("Ada").await.unwrap().by,
        Some(one.instance.clone())
    );
}

/// The greeter in a process of its own, registered by itself.
fn process(consul: SocketAddr) -> program::Server {
    let mut command = Command::new(env!("CARGO_BIN_EXE_l10-discover"));
    command.args([
        "server",
        "--addr",
        "127.0.0.1:0",
        "--check-every-ms",
        "1000",
    ]);
    program::Server::start(command.args(["--consul", &consul.to_string()]))
}

#[tokio::test(flavor = "multi_thread")]
async fn one_of_three_is_killed_under_load_and_no_caller_hears_of_it() {
    for side in sides() {
        let consul = consul(side, None).await;
        let mut greeters: Vec<_> = (0..3).map(|_| process(consul.addr())).collect();
        let registry = Registry::at(consul.addr()).unwrap();
        let caller = Caller::new(registry, Query::named("greeter"), CallOptions::default());
        becomes(&mut caller.snapshots(), "three", |now| {
            now.instances.len() == 3
        })
        .await;
        let called = caller.clone();
        let load = Load::start(16, Duration::ZERO, move || {
            let caller = called.clone();
            async move {
                let greeted = caller.greet("Ada").await;
                let greeted = greeted.map_err(|error| error.to_string())?;
                Ok(greeted.by.unwrap_or_default())
            }
        });
        let made = async |more: u64| {
            let wanted = load.count().calls() + more;
            while load.count().calls() < wanted {
                sleep(Duration::from_millis(5)).await;
            }
        };
        timeout(PATIENCE, made(200)).await.unwrap();
        let victim = greeters.remove(0);
        let dead = victim.addr;
        // SIGKILL: it reports nothing.
        drop(victim);
        let refuses = |now: &Members| !now.called.contains(&dead);
        becomes(&mut caller.members(), "called no more", refuses).await;
        let gone = |now: &Snapshot| now.instances.len() == 2;
        becomes(&mut caller.snapshots(), "off the list", gone).await;
        timeout(PATIENCE, made(200)).await.unwrap();
        let count = load.stop().await;
        assert!(count.failed.is_empty(), "{side}: {:?}", count.failures());
    }
}
