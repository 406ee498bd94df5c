//! Several instances: which of them answer, which do not, and what the gateway knows of them.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use l13_framework::registries::memory::Memory;
use l13_framework::registry::Registry;
use l14_gateway::gateway::{Expose, Settings};
use l14_gateway::pb::user::say_server::SayServer;
use tonic::service::RoutesBuilder;

use crate::support;
use crate::support::browser::{get, post};
use crate::support::every::{Counts, Every};
use crate::support::{Running, gateway, patient, until};

const NAME: &str = "go.micro.srv.user";
const HELLO: &str = "/user/say/hello?name=a";

async fn three(registry: &Memory) -> Vec<Running> {
    let mut all = Vec::new();
    for number in 1..=3 {
        let running = Running::start(&format!("user-{number}")).await;
        running.register(registry, NAME).await;
        all.push(running);
    }
    all
}

/// Who answers so many calls, one after the other. None may fail.
async fn who(gateway: std::net::SocketAddr, calls: u32) -> BTreeMap<String, u32> {
    let mut by = BTreeMap::new();
    for _ in 0..calls {
        let name = get(gateway, HELLO).await.good()["answeredBy"]
            .as_str()
            .unwrap()
            .to_string();
        *by.entry(name).or_default() += 1;
    }
    by
}

fn quick() -> Settings {
    Settings {
        // Late is late soon, and the last attempt has all the time.
        per_attempt: Duration::from_millis(300),
        ..patient()
    }
}

#[tokio::test]
async fn three_answer_in_turn() {
    let registry = Memory::new();
    let _all = three(&registry).await;
    let gateway = gateway(&registry, patient()).await;
    let by = who(gateway, 30).await;
    assert_eq!(by.values().collect::<Vec<_>>(), [&10, &10, &10], "{by:?}");
}

#[tokio::test]
async fn one_is_killed_and_nobody_notices() {
    let registry = Memory::new();
    let mut all = three(&registry).await;
    let gateway = gateway(&registry, quick()).await;
    who(gateway, 3).await;
    // It says no goodbye, so the registry still has it.
    all.remove(0).kill().await;
    let by = who(gateway, 60).await;
    assert!(by["user-2"] + by["user-3"] == 60, "{by:?}");
    // A call that changes something is not lost either: who was never reached has not begun.
    for _ in 0..6 {
        post(gateway, "/user/everyService/store", "{}").await.good();
    }
}

#[tokio::test]
async fn one_is_paused_and_nobody_notices_until_it_is_back() {
    let registry = Memory::new();
    let all = three(&registry).await;
    let settings = Settings {
        eject: l12_resilience::eject::Settings {
            first: Duration::from_millis(500),
            longest: Duration::from_secs(1),
            ..quick().eject
        },
        ..quick()
    };
    let gateway = gateway(&registry, settings).await;
    who(gateway, 3).await;
    let paused = all[0].pause().await;
    // Nothing fails, and after a few late answers it is asked only now and then.
    let by = who(gateway, 200).await;
    assert_eq!(by["user-2"] + by["user-3"], 200, "{by:?}");
    assert!(by["user-2"] > 50 && by["user-3"] > 50, "{by:?}");
    drop(paused);
    until("it is asked again", async || {
        who(gateway, 3).await.contains_key("user-1")
    })
    .await;
    // Little time is enough to ask another instance.
    let _paused = all[1].pause().await;
    for _ in 0..6 {
        let little = [("x-timeout-ms", "3000")];
        support::browser::ask(gateway, "GET", HELLO, &little, b"")
            .await
            .good();
    }
}

#[tokio::test]
async fn nobody_is_there() {
    let registry = Memory::new();
    let mut all = three(&registry).await;
    let gateway = gateway(&registry, quick()).await;
    who(gateway, 3).await;
    // All are dead and still listed.
    let instances: Vec<_> = all.iter().map(|it| it.instance(NAME, "1.0.0")).collect();
    for running in all.drain(..) {
        running.kill().await;
    }
    get(gateway, HELLO).await.says(503);
    // All have left: the gateway knows the name, and says so.
    for instance in instances {
        registry.deregister(&instance).await.unwrap();
    }
    until("the list is empty", async || {
        get(gateway, HELLO)
            .await
            .says(503)
            .contains("no instance of go.micro.srv.user")
    })
    .await;
    // Instances come back.
    let _all = three(&registry).await;
    until("they are found", async || {
        get(gateway, HELLO).await.status == 200
    })
    .await;
}

#[tokio::test]
async fn a_call_that_changes_something_is_never_made_twice() {
    let registry = Memory::new();
    let all = three(&registry).await;
    let gateway = gateway(
        &registry,
        Settings {
            deadline: Duration::from_millis(800),
            ..quick()
        },
    )
    .await;
    who(gateway, 3).await;
    for _ in 0..3 {
        let body = r#"{"ms": 60000}"#;
        post(gateway, "/user/troubleService/work", body)
            .await
            .says(504);
    }
    let begun: u64 = all
        .iter()
        .map(|it| it.counts.works.load(Ordering::SeqCst))
        .sum();
    assert_eq!(begun, 3);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_question_however_many_wait() {
    let registry = Memory::new();
    let user = Running::start("user-1").await;
    user.register(&registry, NAME).await;
    let gateway = gateway(&registry, patient()).await;
    let all: Vec<_> = (0..50).map(|_| tokio::spawn(get(gateway, HELLO))).collect();
    for one in all {
        one.await.unwrap().good();
    }
    assert_eq!(user.counts.reflections.load(Ordering::SeqCst), 1);
}

/// A server with `Say` alone, which knows what its descriptors say and no more.
async fn only_say(id: &str) -> Running {
    let counts = Arc::new(Counts::default());
    let mut routes = RoutesBuilder::default();
    routes.add_service(SayServer::new(Every::new(id, counts.clone())));
    support::reflection(&mut routes, support::only("Say"));
    Running::with(id, routes.routes(), counts).await
}

#[tokio::test]
async fn a_new_version_brings_new_methods() {
    let registry = Memory::new();
    let old = only_say("user-1").await;
    old.register(&registry, NAME).await;
    let gateway = gateway(&registry, patient()).await;
    get(gateway, HELLO).await.good();
    get(gateway, "/user/everyService/echo").await.says(404);
    // The new one has everything, and is heard of as soon as it is there.
    let new = Running::start("user-2").await;
    new.register_as(&registry, NAME, "1.10.0").await;
    old.deregister(&registry, NAME).await;
    until("the new method is there", async || {
        get(gateway, "/user/everyService/echo").await.status == 200
    })
    .await;
    assert_eq!(new.counts.reflections.load(Ordering::SeqCst), 1);
    // And when it goes, its method goes as well, though not before a request has asked.
    let again = only_say("user-3").await;
    again.register_as(&registry, NAME, "2.0.0").await;
    new.deregister(&registry, NAME).await;
    until("the new method is gone", async || {
        get(gateway, "/user/everyService/echo").await.status == 404
    })
    .await;
}

#[tokio::test]
async fn what_was_missing_is_not_missing_for_ever() {
    let registry = Memory::new();
    let gateway = gateway(&registry, patient()).await;
    get(gateway, HELLO).await.says(404);
    let user = only_say("user-1").await;
    user.register(&registry, NAME).await;
    until("the service is found", async || {
        get(gateway, HELLO).await.status == 200
    })
    .await;
    // Asked for what it does not have it is asked again, but not at each request.
    for _ in 0..20 {
        get(gateway, "/user/say/nothing").await.says(404);
    }
    let asked = user.counts.reflections.load(Ordering::SeqCst);
    assert!(asked < 10, "{asked} questions");
}

#[tokio::test]
async fn names_that_do_not_exist_do_not_fill_the_memory() {
    let registry = Memory::new();
    let user = only_say("user-1").await;
    user.register(&registry, NAME).await;
    let settings = Settings {
        services: 5,
        unknown: 2,
        ..patient()
    };
    let gateway = gateway(&registry, settings).await;
    get(gateway, HELLO).await.good();
    for number in 0..30 {
        let unknown = get(gateway, &format!("/unknown-{number}/say/hello")).await;
        unknown.says(404);
        // A service that is known stays.
        get(gateway, HELLO).await.good();
    }
}

/// The attack: names that do not exist, until the directory is full. A service that was not asked for before got 503.
#[tokio::test]
async fn a_flood_of_unknown_names_takes_no_place_of_a_service() {
    let registry = Memory::new();
    let settings = Settings {
        services: 20,
        unknown: 5,
        ..patient()
    };
    let gateway = gateway(&registry, settings).await;
    for number in 0..200 {
        let unknown = get(gateway, &format!("/unknown-{number}/say/hello")).await;
        unknown.says(404);
    }
    let user = only_say("user-1").await;
    user.register(&registry, NAME).await;
    get(gateway, HELLO).await.good();
}

#[tokio::test]
async fn a_service_that_is_not_exposed_is_not_found() {
    let registry = Memory::new();
    let user = only_say("user-1").await;
    user.register(&registry, NAME).await;
    let expose = |names: &[&str]| Settings {
        expose: Expose::Only(names.iter().map(ToString::to_string).collect()),
        ..patient()
    };
    let closed = gateway(&registry, expose(&["example"])).await;
    let words = get(closed, HELLO).await;
    words.refuses(404, "there is no service");
    let page = get(closed, "/openapi.json").await;
    assert!(!page.text().contains("/user/"), "{}", page.text());
    let open = gateway(&registry, expose(&["example", "user"])).await;
    get(open, HELLO).await.good();
}

#[tokio::test]
async fn its_own_rpc_is_not_for_this_gateway() {
    let registry = Memory::new();
    let user = only_say("user-1").await;
    let mut instance = user.instance(NAME, "1.0.0");
    instance
        .metadata
        .insert("transport".to_string(), "rpc".to_string());
    registry.register(&instance, support::TTL).await.unwrap();
    let gateway = gateway(&registry, patient()).await;
    get(gateway, HELLO)
        .await
        .refuses(503, "none of its instances speaks gRPC");
}
