//! An independent service, in Python's grpcio, found in registries that are not in this process.

use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use l13_framework::registries::consul::Consul;
use l13_framework::registries::mdns::Mdns;
use l13_framework::registries::memory::Memory;
use l13_framework::registry::{Instance, Options, Registry};
use serde_json::{Value, json};
use services::Side;
use services::consul::Setup;
use testkit::program::Server;

use crate::support;
use crate::support::browser::{ask, get, post};
use crate::support::{Running, gateway, gateway_to, patient, until};

fn python() -> Server {
    let mut command = Command::new(testkit::python_with_packages());
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("interop/python/server.py");
    command
        .args(["-u", "-B"])
        .arg(script)
        .env("GRPC_VERBOSITY", "ERROR");
    Server::start(command)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn grpcio_behind_the_gateway() {
    let server = tokio::task::spawn_blocking(python).await.unwrap();
    let registry = Memory::new();
    let library = Instance::new("go.micro.srv.library", "library-1", server.addr);
    registry.register(&library, support::TTL).await.unwrap();
    let gateway = gateway(&registry, patient()).await;

    let id = [("x-request-id", "seven")];
    let found = ask(gateway, "GET", "/library/library/find?title=Emma", &id, b"")
        .await
        .good();
    let expected = json!({
        "title": "Emma",
        "copies": "9007199254740993",
        "boughtAt": "2023-11-14T22:13:20Z",
        "askedAs": "seven",
    });
    assert_eq!(found, expected);
    let missing = get(gateway, "/library/library/find?title=lost").await;
    assert_eq!(missing.says(404), "no such book: lost");
    get(gateway, "/library/library/find?titel=x")
        .await
        .refuses(400, "`titel`");
    get(gateway, "/library/library/buy").await.says(405);
    let bought = post(gateway, "/library/library/buy", r#"{"copies": "41"}"#)
        .await
        .good();
    assert_eq!(bought["copies"], "42");
    let all = get(gateway, "/library/library/list?title=fire").await;
    let all: Vec<Value> = all
        .text()
        .lines()
        .map(|it| serde_json::from_str(it).unwrap())
        .collect();
    assert_eq!(all.len(), 3, "{all:?}");
    assert_eq!(all[1]["result"]["title"], "Ulysses");
    // Its words, "the rest has burnt", are for its own people.
    assert_eq!(all[2]["error"]["status"], "DATA_LOSS");
    assert_eq!(all[2]["error"]["code"], 500);
    let page = get(gateway, "/openapi.json").await.good();
    assert!(
        page["paths"]["/library/library/find"]["get"].is_object(),
        "{page}"
    );
}

/// The gateway knows nothing of a registry but the trait.
async fn found_in(registry: Arc<dyn Registry>, other: &dyn Registry) {
    let user = Running::start(&format!("user-{}", std::process::id())).await;
    let name = "go.micro.srv.user";
    user.register(other, name).await;
    let gateway = gateway_to(registry, patient()).await;
    until("it is found", async || {
        get(gateway, "/user/say/hello?name=a").await.status == 200
    })
    .await;
    user.deregister(other, name).await;
    until("it is gone", async || {
        get(gateway, "/user/say/hello?name=a").await.status == 503
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn services_in_consul() {
    for side in Side::to_test().unwrap() {
        let consul = Setup::of(side).start().await.unwrap();
        let [one, other] = [(), ()].map(|()| {
            let mut registry = Consul::new();
            let addresses = vec![consul.addr()];
            registry
                .init(Options {
                    addresses,
                    ..Options::default()
                })
                .unwrap();
            registry
        });
        found_in(Arc::new(one), &other).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn services_in_mdns() {
    found_in(Arc::new(Mdns::new()), &Mdns::new()).await;
}
