//! Registering with both kinds of Consul: what arrives, what is replaced, what is refused.

mod support;

use std::net::SocketAddr;
use std::time::Duration;

use l09_register::instance::{Check, Instance};
use l09_register::registry::{Error, Registry};
use serde_json::{Value, json};
use support::{SIDES, call, consul, get};

fn place(port: u16) -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], port))
}

#[tokio::test]
async fn what_was_registered_is_what_others_read() {
    for side in SIDES {
        let consul = consul(side, None).await;
        let registry = Registry::at(consul.addr()).unwrap();
        let mut instance = Instance::new("greeter", place(18_801));
        instance.meta.insert("version".into(), "1".into());
        assert!(!registry.knows(&instance.id).await.unwrap(), "{side}");
        registry.register(&instance).await.unwrap();
        assert!(registry.knows(&instance.id).await.unwrap(), "{side}");

        let found = get(consul.addr(), "/v1/health/service/greeter").await;
        let service = &found[0]["Service"];
        println!("{side} {service}");
        assert_eq!(service["ID"], "greeter-127.0.0.1-18801", "{side}");
        assert_eq!(service["Service"], "greeter", "{side}");
        assert_eq!(service["Tags"], json!(["grpc", "consul"]), "{side}");
        assert_eq!(service["Address"], "127.0.0.1", "{side}");
        assert_eq!(service["Port"], 18_801, "{side}");
        assert_eq!(service["Meta"], json!({"version": "1"}), "{side}");
        let checks = get(consul.addr(), "/v1/agent/checks").await;
        println!("{side} {checks}");
        let kinds: Vec<&Value> = (checks.as_object().unwrap().values())
            .map(|check| &check["Type"])
            .collect();
        assert_eq!(kinds, ["tcp", "grpc"], "{side}");
        for check in checks.as_object().unwrap().values() {
            assert_eq!(check["Status"], "critical", "{side}: nobody has looked yet");
        }
        let none = get(consul.addr(), "/v1/health/service/greeter?passing").await;
        assert_eq!(none, json!([]), "{side}");

        registry.deregister(&instance.id).await.unwrap();
        assert!(!registry.knows(&instance.id).await.unwrap(), "{side}");
        let again = registry.deregister(&instance.id).await;
        println!("{side} again: {again:?}");
        again.unwrap();
    }
}

#[tokio::test]
async fn the_same_id_replaces() {
    for side in SIDES {
        let consul = consul(side, None).await;
        let registry = Registry::at(consul.addr()).unwrap();
        let ttl = Check::Ttl {
            within: Duration::from_secs(60),
        };
        let mut first = Instance::new("greeter", place(18_801)).with_id("greeter");
        first.meta.insert("version".into(), "1".into());
        first.checks = vec![ttl.clone(), ttl.clone()];
        registry.register(&first).await.unwrap();
        call(
            consul.addr(),
            "PUT",
            "/v1/agent/check/pass/service:greeter:1?note=hello",
            "",
        )
        .await;
        call(
            consul.addr(),
            "PUT",
            "/v1/agent/check/pass/service:greeter:2?note=hello",
            "",
        )
        .await;
        call(
            consul.addr(),
            "PUT",
            "/v1/agent/service/maintenance/greeter?enable=true",
            "",
        )
        .await;
        println!("{side} {}", get(consul.addr(), "/v1/agent/checks").await);
        let mut second = Instance::new("greeter", place(18_802)).with_id("greeter");
        second.checks = vec![ttl];
        registry.register(&second).await.unwrap();
        println!("{side} {}", get(consul.addr(), "/v1/agent/checks").await);
        println!("{side} {}", get(consul.addr(), "/v1/agent/services").await);
    }
}

#[tokio::test]
async fn what_consul_does_not_take_is_refused_in_its_words() {
    for side in SIDES {
        let consul = consul(side, None).await;
        let registry = Registry::at(consul.addr()).unwrap();
        let mut wrong = Instance::new("greeter", place(1));
        wrong.checks = vec![Check::Ttl {
            within: Duration::ZERO,
        }];
        let refused = registry.register(&wrong).await;
        println!("{side} {refused:?}");
        let refused = registry
            .register(&Instance::new("", place(1)).with_id("x"))
            .await;
        println!("{side} {refused:?}");
        let refused = refused.unwrap_err();
        assert!(
            matches!(refused, Error::Refused { code: 400, .. }),
            "{side}: {refused:?}"
        );
        assert!(!refused.may_pass());
    }
}
