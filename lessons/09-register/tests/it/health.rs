//! The greeter and the checks of both kinds of Consul: passing, NOT_SERVING behind an open port, and passing
//! again.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::support::{consul, sides, until};
use l06_grpc::client::{Client, Options as Calling};
use l09_register::instance::Instance;
use l09_register::look;
use l09_register::registry::Registry;
use l09_register::service::{self, Options, answered_by};
use tonic_health::ServingStatus::{NotServing, Serving};

/// Waits until the checks of the only instance say this.
async fn becomes(registry: &Registry, tcp: &str, grpc: &str) {
    until(&format!("tcp {tcp}, grpc {grpc}"), async || {
        let states = look::states(registry, "greeter").await.unwrap();
        let checks = states.into_values().next()?;
        let now: BTreeMap<&str, &str> = (checks.iter())
            .map(|(kind, seen)| (kind.as_str(), seen.status.as_str()))
            .collect();
        (now == BTreeMap::from([("tcp", tcp), ("grpc", grpc)])).then_some(())
    })
    .await;
}

#[tokio::test]
async fn consul_hears_what_the_service_says_about_itself() {
    for side in sides() {
        let consul = consul(side, None).await;
        let registry = Registry::at(consul.addr()).unwrap();
        let service = service::start(Options::default()).await.unwrap();
        let instance = Instance::new("greeter", service.addr).checked_every(Duration::from_secs(1));
        registry.register(&instance).await.unwrap();
        becomes(&registry, "passing", "passing").await;
        service.report(NotServing).await;
        becomes(&registry, "passing", "critical").await;
        service.report(Serving).await;
        becomes(&registry, "passing", "passing").await;
        service.stop().await;
        becomes(&registry, "critical", "critical").await;
    }
}

#[tokio::test]
async fn the_reply_says_who_has_made_it() {
    let options = Options {
        instance: Some("greeter-7".to_string()),
        ..Options::default()
    };
    let service = service::start(options).await.unwrap();
    assert_eq!(service.instance, "greeter-7");
    let client = Client::connect(service.addr, Calling::default()).await;
    let reply = client.unwrap().greet("wire").await.unwrap();
    assert_eq!(answered_by(&reply), Some("greeter-7"));
    assert_eq!(reply.into_inner().message, "hello wire");
    service.stop().await;
}

#[tokio::test]
async fn a_taken_port_is_an_error() {
    let first = service::start(Options::default()).await.unwrap();
    let options = Options {
        bind: first.addr,
        ..Options::default()
    };
    let second = service::start(options).await.unwrap_err();
    assert_eq!(second.kind(), std::io::ErrorKind::AddrInUse);
}
