//! Registration with both kinds of Consul: what is sent, what arrives, what is replaced, what is refused.

use std::net::SocketAddr;
use std::time::Duration;

use crate::support::{call, consul, get, sides};
use l09_register::instance::{Check, Instance};
use l09_register::look;
use l09_register::registry::{Error, Registry};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

fn place(port: u16) -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], port))
}

#[tokio::test]
async fn what_was_registered_is_what_others_read() {
    for side in sides() {
        let consul = consul(side, None).await;
        let registry = Registry::at(consul.addr()).unwrap();
        let mut instance = Instance::new("greeter", place(18_801));
        instance.meta.insert("version".into(), "1".into());
        assert!(!registry.knows(&instance.id).await.unwrap(), "{side}");
        registry.register(&instance).await.unwrap();
        assert!(registry.knows(&instance.id).await.unwrap(), "{side}");

        let found = get(consul.addr(), "/v1/health/service/greeter").await;
        let service = &found[0]["Service"];
        assert_eq!(service["ID"], "greeter-127.0.0.1-18801", "{side}");
        assert_eq!(service["Service"], "greeter", "{side}");
        assert_eq!(service["Tags"], json!(["grpc", "consul"]), "{side}");
        assert_eq!(service["Address"], "127.0.0.1", "{side}");
        assert_eq!(service["Port"], 18_801, "{side}");
        assert_eq!(service["Meta"], json!({"version": "1"}), "{side}");
        let states = look::states(&registry, "greeter").await.unwrap();
        let checks = &states["greeter-127.0.0.1-18801"];
        assert_eq!(checks.keys().collect::<Vec<_>>(), ["grpc", "tcp"], "{side}");
        for seen in checks.values() {
            assert_eq!(seen.status, "critical", "{side}: no attempt yet");
        }
        let none = get(consul.addr(), "/v1/health/service/greeter?passing").await;
        assert_eq!(none, json!([]), "{side}");

        registry.deregister(&instance.id).await.unwrap();
        assert!(!registry.knows(&instance.id).await.unwrap(), "{side}");
        registry.deregister(&instance.id).await.unwrap();
    }
}

/// One request, as it came, answered with 200.
async fn sent(instance: &Instance) -> (String, Value) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let registry = Registry::at(listener.local_addr().unwrap()).unwrap();
    let received = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut request = Vec::new();
        while !request.ends_with(b"}") {
            assert_ne!(stream.read_buf(&mut request).await.unwrap(), 0);
        }
        let ok = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n";
        stream.write_all(ok).await.unwrap();
        String::from_utf8(request).unwrap()
    });
    registry.register(instance).await.unwrap();
    let request = received.await.unwrap();
    let (head, body) = request.split_once("\r\n\r\n").unwrap();
    let line = head.lines().next().unwrap().to_string();
    (line, serde_json::from_str(body).unwrap())
}

#[tokio::test]
async fn what_consulrs_sends() {
    let instance = Instance::new("greeter", place(8801)).reaped_after(Duration::from_secs(60));
    let (line, body) = sent(&instance).await;
    assert_eq!(line, "PUT /v1/agent/service/register HTTP/1.1");
    // What was not said is left out: the request of consulrs has nine members more.
    let members: Vec<&String> = body.as_object().unwrap().keys().collect();
    let said = ["Address", "Checks", "ID", "Meta", "Name", "Port", "Tags"];
    assert_eq!(members, said);
    assert_eq!(body["Name"], "greeter");
    assert_eq!(body["Port"], 8801);
    let expected = json!([
        {
            "CheckID": "greeter-127.0.0.1-8801:tcp",
            "DeregisterCriticalServiceAfter": "60s",
            "Interval": "10s",
            "Name": "greeter-127.0.0.1-8801 accepts connections",
            "TCP": "127.0.0.1:8801",
            "Timeout": "5s",
        },
        {
            "CheckID": "greeter-127.0.0.1-8801:grpc",
            "DeregisterCriticalServiceAfter": "60s",
            "GRPC": "127.0.0.1:8801",
            "Interval": "10s",
            "Name": "greeter-127.0.0.1-8801 is serving",
            "Timeout": "5s",
        },
    ]);
    assert_eq!(body["Checks"], expected);
}

#[tokio::test]
async fn the_same_id_replaces_and_what_stays_all_the_same() {
    for side in sides() {
        let consul = consul(side, None).await;
        let addr = consul.addr();
        let registry = Registry::at(addr).unwrap();
        let within = Duration::from_secs(60);
        let mut first = Instance::new("greeter", place(18_801)).with_id("greeter");
        first.meta.insert("version".into(), "1".into());
        first.checks = vec![Check::Ttl { within }];
        registry.register(&first).await.unwrap();
        call(addr, "PUT", "/v1/agent/check/pass/greeter:ttl", "").await;
        let path = "/v1/agent/service/maintenance/greeter?enable=true";
        call(addr, "PUT", path, "").await;

        let mut second = Instance::new("greeter", place(18_802)).with_id("greeter");
        second.checks = vec![Check::Ttl { within }];
        registry.register(&second).await.unwrap();
        let services = get(addr, "/v1/agent/services").await;
        assert_eq!(services["greeter"]["Port"], 18_802, "{side}");
        assert_eq!(services["greeter"]["Meta"], json!({}), "{side}");
        let checks = get(addr, "/v1/agent/checks").await;
        let ttl = &checks["greeter:ttl"]["Status"];
        assert_eq!(ttl, "passing", "{side}: taken over, without an attempt");
        let hidden = checks.get("_service_maintenance:greeter");
        assert!(hidden.is_some(), "{side}: it stays hidden");

        // A registration without a check leaves the old one there.
        second.checks.clear();
        registry.register(&second).await.unwrap();
        let checks = get(addr, "/v1/agent/checks").await;
        assert!(checks.get("greeter:ttl").is_some(), "{side}");
    }
}

#[tokio::test]
async fn what_consul_does_not_take_is_refused_in_its_words() {
    for side in sides() {
        let consul = consul(side, None).await;
        let registry = Registry::at(consul.addr()).unwrap();
        let mut wrong = Instance::new("greeter", place(1));
        wrong.checks = vec![Check::Ttl {
            within: Duration::ZERO,
        }];
        let nameless = Instance::new("", place(1)).with_id("x");
        for (instance, words) in [
            (wrong, "Invalid check: TTL must be > 0 for TTL checks"),
            (nameless, "Missing service name"),
        ] {
            let refused = registry.register(&instance).await.unwrap_err();
            assert!(!refused.may_pass(), "{side}");
            let words = words.to_string();
            assert_eq!(refused, Error::Refused { code: 400, words }, "{side}");
        }
        let refused = registry.deregister("a/b").await.unwrap_err();
        assert_eq!(refused, Error::Id("a/b".to_string()), "{side}");
    }
}
