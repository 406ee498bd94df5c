//! `/openapi.json`, and an independent program that tries to break what it promises: PyPI `schemathesis`.

use std::net::SocketAddr;
use std::process::Command;
use std::sync::atomic::Ordering;
use std::time::Duration;

use l13_framework::registries::memory::Memory;
use l13_framework::registry::{Instance, Registry};
use l14_gateway::gateway::Settings;
use l14_gateway::pb::every::every_service_server::EveryServiceServer;
use l14_gateway::pb::user::say_server::SayServer;
use tonic::service::RoutesBuilder;

use crate::support;
use crate::support::browser::get;
use crate::support::every::Every;
use crate::support::{Running, gateway, patient};

/// Services that have no failure of their own: what fails then is the gateway.
async fn harmless(registry: &Memory) -> (Running, Running) {
    let mut both = Vec::new();
    for name in ["every", "user"] {
        let counts = std::sync::Arc::default();
        let mut routes = RoutesBuilder::default();
        let every = Every::new(name, std::sync::Arc::clone(&counts));
        let service = match name {
            "every" => {
                routes.add_service(EveryServiceServer::new(every));
                "EveryService"
            }
            _ => {
                routes.add_service(SayServer::new(every));
                "Say"
            }
        };
        support::reflection(&mut routes, support::only(service));
        let running = Running::with(name, routes.routes(), counts).await;
        running
            .register(registry, &format!("go.micro.srv.{name}"))
            .await;
        both.push(running);
    }
    let user = both.pop().unwrap();
    (both.pop().unwrap(), user)
}

async fn page() -> (Running, Running, SocketAddr) {
    let registry = Memory::new();
    let (every, user) = harmless(&registry).await;
    let settings = Settings {
        // A stream that is asked to go on for hours is over soon, and says so.
        stream: Duration::from_millis(300),
        ..patient()
    };
    let gateway = gateway(&registry, settings).await;
    (every, user, gateway)
}

/// Thousands of requests that are tried one after the other. `SCHEMATHESIS=all` sends them all, as
/// `python3 scripts/figures gateway` does; else it is left at those that are made at random.
const LESS: &str = r#"
[[operations]]
include-operation-id = "every.every.v1.EveryService.Echo.post"

[operations.phases.coverage]
enabled = false

[[operations]]
include-operation-id = "every.every.v1.EveryService.Echo.get"

[operations.phases.coverage]
enabled = false
"#;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn schemathesis_finds_no_server_error_and_no_violation() {
    let (every, _user, gateway) = page().await;
    let file = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/interop/python/schemathesis.toml"
    );
    let mut settings = std::fs::read_to_string(file).unwrap();
    if std::env::var("SCHEMATHESIS").as_deref() != Ok("all") {
        settings.push_str(LESS);
    }
    let work = tempfile::tempdir().unwrap();
    std::fs::write(work.path().join("settings.toml"), settings).unwrap();
    let mut python = Command::new(testkit::python_with_packages());
    python
        .current_dir(work.path())
        .args(["-m", "schemathesis.cli", "--config-file", "settings.toml"])
        .args(["run", &format!("http://{gateway}/openapi.json")])
        .args(["--phases", "coverage,fuzzing", "--mode", "all"])
        .args([
            "--seed",
            "14",
            "--max-examples",
            "10",
            "--generation-database",
            "none",
        ])
        // A loaded machine is no failure.
        .args(["--suppress-health-check", "all", "--request-timeout", "60"])
        .args(["--continue-on-failure", "--no-shrink"]);
    let ran = tokio::task::spawn_blocking(move || python.output())
        .await
        .unwrap()
        .unwrap();
    let said = String::from_utf8_lossy(&ran.stdout);
    let errors = String::from_utf8_lossy(&ran.stderr);
    assert!(ran.status.success(), "{said}{errors}");
    // Silence is a pass only if something was tried, and has arrived.
    let passed = said.lines().find(|line| line.contains(" generated, "));
    let numbers = passed
        .unwrap_or_default()
        .split(' ')
        .filter_map(|it| it.parse().ok());
    let numbers: Vec<u64> = numbers.collect();
    assert!(
        numbers.len() == 2 && numbers[0] == numbers[1] && numbers[0] > 200,
        "{said}"
    );
    println!("schemathesis: {}", passed.unwrap_or_default().trim());
    let calls = every.counts.calls.load(Ordering::SeqCst);
    assert!(
        calls > 50,
        "only {calls} calls have reached the service: {said}"
    );
}

#[tokio::test]
async fn every_method_of_every_service_is_there() {
    let (_every, _user, gateway) = page().await;
    let page = get(gateway, "/openapi.json").await.good();
    let paths = page["paths"].as_object().unwrap();
    let methods = |path: &str| {
        let path = paths[path].as_object().unwrap();
        ["get", "post"].map(|method| path.contains_key(method))
    };
    assert_eq!(methods("/user/say/hello"), [true, true]);
    assert_eq!(methods("/every/everyService/echo"), [true, true]);
    assert_eq!(
        methods("/every/everyService/store"),
        [false, true],
        "it is not harmless"
    );
    assert_eq!(methods("/every/everyService/count"), [true, true]);
    // There is no way to call it, and it is not kept quiet.
    assert_eq!(methods("/every/everyService/add"), [false, false]);
    let why = paths["/every/everyService/add"]["summary"]
        .as_str()
        .unwrap();
    assert!(why.contains("stream of requests"), "{why}");
    // The comments of the .proto file have come along.
    let hello = &paths["/user/say/hello"]["get"];
    let about = hello["description"].as_str().unwrap();
    assert!(about.starts_with("Says who was asked for"), "{about}");
    assert_eq!(
        hello["parameters"][0]["description"],
        "At least one character."
    );
    let part = &page["components"]["schemas"]["every.every.v1.Part.in"];
    assert_eq!(
        part["properties"]["inner"]["anyOf"][0]["$ref"],
        "#/components/schemas/every.every.v1.Part.in"
    );
}

#[tokio::test]
async fn a_service_that_cannot_be_described_is_named() {
    let registry = Memory::new();
    let (_every, _user) = harmless(&registry).await;
    let refused = "127.0.0.1:1".parse().unwrap();
    let dead = Instance::new("go.micro.srv.dead", "dead", refused);
    registry.register(&dead, support::TTL).await.unwrap();
    let gateway = gateway(&registry, patient()).await;
    let page = get(gateway, "/openapi.json").await.good();
    let why = page["x-not-described"]["dead"].as_str().unwrap();
    assert!(why.contains("127.0.0.1:1"), "{why}");
    assert!(page["paths"]["/user/say/hello"].is_object());
    // Services of other namespaces are not part of it.
    let other = Instance::new("other.thing", "other", refused);
    registry.register(&other, support::TTL).await.unwrap();
    tokio::time::sleep(Duration::from_millis(1100)).await;
    let page = get(gateway, "/openapi.json").await.good();
    assert_eq!(page["x-not-described"].as_object().unwrap().len(), 1);
}
