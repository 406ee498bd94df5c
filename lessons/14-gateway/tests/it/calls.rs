//! From a URL to a service and back, and all that can be wrong with a request.

use std::net::SocketAddr;
use std::sync::atomic::Ordering;

use l13_framework::registries::memory::Memory;
use l14_gateway::gateway::Settings;
use serde_json::json;

use crate::support;
use crate::support::browser::{ask, get, post};
use crate::support::{Running, gateway, one, one_with, patient, until};

const ECHO: &str = "/every/everyService/echo";
const JSON: (&str, &str) = ("content-type", "application/json");

/// A page of `evil.example`, whose name leads to 127.0.0.1 since its second lookup, calls a service.
#[tokio::test]
async fn dns_rebinding_is_refused() {
    let (every, gateway) = one().await;
    let headers = [
        ("host", "evil.example:8080"),
        ("origin", "http://evil.example:8080"),
        JSON,
    ];
    let work = "/every/troubleService/work";
    let answer = ask(gateway, "POST", work, &headers, b"{}").await;
    assert_eq!(answer.status, 421);
    assert_eq!(every.counts.works.load(Ordering::SeqCst), 0);
    let headers = [("host", "localhost:8080"), JSON];
    ask(gateway, "POST", work, &headers, b"{}").await.good();
}

#[tokio::test]
async fn the_call_of_the_notes() {
    let registry = Memory::new();
    let user = Running::start("user-1").await;
    user.register(&registry, "go.micro.srv.user").await;
    let gateway = gateway(&registry, patient()).await;
    let answer = get(gateway, "/user/say/hello?name=huohuo").await;
    let expected = json!({"id": "123", "username": "huohuo", "answeredBy": "user-1"});
    assert_eq!(answer.good(), expected);
    assert_eq!(answer.header("content-type"), Some("application/json"));
    let answer = post(gateway, "/user/say/hello", r#"{"name": "火火"}"#).await;
    assert_eq!(answer.good()["username"], "火火");
    for path in [
        "/user/Say/Hello",
        "/user/user.v1.Say/Hello",
        "/user/SAY/hello",
    ] {
        let answer = get(gateway, &format!("{path}?name=%E7%81%AB+%E7%81%AB")).await;
        assert_eq!(answer.good()["username"], "火 火", "{path}");
    }
    assert_eq!(user.counts.reflections.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn what_is_not_there() {
    let (_every, gateway) = one().await;
    get(gateway, "/unknown/say/hello")
        .await
        .refuses(404, "go.micro.srv.unknown");
    let words = get(gateway, "/every/say/goodbye").await.says(404);
    assert!(
        words.contains("user.v1.Say.Hello") && words.contains("say.goodbye"),
        "{words}"
    );
    get(gateway, "/every/missing/hello")
        .await
        .refuses(404, "missing.hello");
    for path in [
        "/",
        "/every",
        "/every/say",
        "/every/say/hello/more",
        "//say/hello",
        "/%FF/say/hello",
    ] {
        get(gateway, path)
            .await
            .refuses(404, "/SERVICE/GROUP/METHOD");
    }
    let long = format!("/{}/say/hello", "x".repeat(300));
    get(gateway, &long).await.says(404);
    get(gateway, "/every%0A/say/hello").await.says(404);
    // Reflection itself is no service for browsers.
    get(
        gateway,
        "/every/grpc.reflection.v1.ServerReflection/ServerReflectionInfo",
    )
    .await
    .says(404);
}

#[tokio::test]
async fn a_bad_field_is_named() {
    let (_every, gateway) = one().await;
    // In `everything`: what is sent, the field that is named, and a word of the reason.
    for (sent, field, why) in [
        (r#""int32Value": 2147483648"#, "int32Value", "int32"),
        (
            r#""uint64Value": 18446744073709551616"#,
            "uint64Value",
            "string",
        ),
        (
            r#""part": {"inner": {"cuont": 1}}"#,
            "part.inner.cuont",
            "count",
        ),
        (
            r#""parts": [{}, {"count": "x"}]"#,
            "parts[1].count",
            "int64",
        ),
        (r#""byNumber": {"x": "y"}"#, "byNumber[x]", "int32"),
        (r#""colour": "COLOUR_BLUE""#, "colour", "COLOUR_RED"),
    ] {
        let body = format!(r#"{{"everything": {{{sent}}}}}"#);
        names_the_field(gateway, &body, &format!("everything.{field}"), why).await;
    }
    names_the_field(gateway, r#"{"evrything": {}}"#, "evrything", "everything").await;
    for (query, field) in [
        ("int32Value=2147483648", "int32Value"),
        ("nothingLikeIt=1", "nothingLikeIt"),
        ("boolValue=yes", "boolValue"),
        ("int32Value=1&everything.int32Value=2", "int32Value"),
        ("byName[x=1", "byName[x"),
        ("textChoice=a&everything.numberChoice=1", "textChoice"),
        ("part=1", "part"),
        ("stringValue=%FF", "stringValue"),
    ] {
        let answer = get(gateway, &format!("{ECHO}?everything.{query}")).await;
        answer.refuses(400, &format!("`everything.{field}`"));
    }
}

async fn names_the_field(gateway: SocketAddr, body: &str, field: &str, why: &str) {
    let answer = post(gateway, ECHO, body).await;
    answer.refuses(400, &format!("`{field}`"));
    answer.refuses(400, why);
    let violation = &answer.json()["details"][0]["fieldViolations"][0];
    assert_eq!(violation["field"], field, "{violation}");
}

#[tokio::test]
async fn a_body_that_is_no_json() {
    let (_every, gateway) = one().await;
    let words = post(gateway, ECHO, "{\n  \"everything\": {\n    oops")
        .await
        .says(400);
    assert!(words.contains("line 3 column 5"), "{words}");
    post(gateway, ECHO, "").await.refuses(400, "empty");
    post(gateway, ECHO, "{} {}").await.refuses(400, "line 1");
    post(gateway, ECHO, b"\"\xff\"")
        .await
        .refuses(400, "line 1");
    let deep = format!(
        "{{\"everything\": {{\"json\": {}1{}}}}}",
        "[".repeat(60),
        "]".repeat(60)
    );
    post(gateway, ECHO, deep)
        .await
        .refuses(400, "`everything.json`");
    let deep = "[".repeat(100_000);
    post(gateway, ECHO, deep)
        .await
        .refuses(400, "recursion limit");
    for kind in [
        "text/plain",
        "application/x-www-form-urlencoded",
        "application/json; charset=latin1",
    ] {
        let answer = ask(gateway, "POST", ECHO, &[("content-type", kind)], b"{}").await;
        answer.refuses(415, "application/json");
    }
    ask(gateway, "POST", ECHO, &[], b"{}").await.says(415);
    let utf8 = [("content-type", "application/json; charset=utf-8")];
    ask(gateway, "POST", ECHO, &utf8, b"{}").await.good();
    post(gateway, &format!("{ECHO}?x=1"), "{}")
        .await
        .refuses(400, "in the body");
}

#[tokio::test]
async fn too_large() {
    let (_every, gateway) = one().await;
    let large = vec![b' '; (1 << 20) + 1];
    post(gateway, ECHO, &large).await.refuses(413, "1048576");
    // Who says how long it will be is refused before it has sent any of it.
    let announced = [JSON, ("content-length", "99999999999")];
    ask(gateway, "POST", ECHO, &announced, b"").await.says(413);
    // And who does not say is refused where it becomes too much.
    let mut pieces = Vec::new();
    for _ in 0..20 {
        pieces.extend_from_slice(b"10000\r\n");
        pieces.resize(pieces.len() + 0x10000, b' ');
        pieces.extend_from_slice(b"\r\n");
    }
    pieces.extend_from_slice(b"0\r\n\r\n");
    let chunked = [JSON, ("transfer-encoding", "chunked")];
    ask(gateway, "POST", ECHO, &chunked, &pieces)
        .await
        .says(413);
    let url = format!("{ECHO}?everything.stringValue={}", "x".repeat(8 << 10));
    get(gateway, &url).await.refuses(413, "URL");
}

#[tokio::test]
async fn methods_of_http() {
    let (every, gateway) = one().await;
    let store = "/every/everyService/store";
    let refused = get(gateway, store).await;
    refused.refuses(405, "use POST");
    assert_eq!(refused.header("allow"), Some("POST"));
    assert_eq!(every.counts.stored.load(Ordering::SeqCst), 0);
    post(gateway, store, "{}").await.good();
    for method in ["PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "BREW"] {
        let refused = ask(gateway, method, ECHO, &[], b"").await;
        refused.says(405);
        assert_eq!(refused.header("allow"), Some("GET, POST"), "{method}");
    }
    let refused = ask(gateway, "POST", "/openapi.json", &[JSON], b"{}").await;
    refused.says(405);
    assert_eq!(refused.header("allow"), Some("GET"));
    post(gateway, "/every/everyService/add", "{}")
        .await
        .refuses(501, "stream of requests");
    assert_eq!(get(gateway, "/healthz").await.good(), json!({}));
}

#[tokio::test]
async fn every_code_has_its_status() {
    let (_every, gateway) = one().await;
    let table = [
        (1, 499, "CANCELLED"),
        (2, 500, "UNKNOWN"),
        (3, 400, "INVALID_ARGUMENT"),
        (4, 504, "DEADLINE_EXCEEDED"),
        (5, 404, "NOT_FOUND"),
        (6, 409, "ALREADY_EXISTS"),
        (7, 403, "PERMISSION_DENIED"),
        (8, 429, "RESOURCE_EXHAUSTED"),
        (9, 400, "FAILED_PRECONDITION"),
        (10, 409, "ABORTED"),
        (11, 400, "OUT_OF_RANGE"),
        (12, 501, "UNIMPLEMENTED"),
        (13, 500, "INTERNAL"),
        (14, 503, "UNAVAILABLE"),
        (15, 500, "DATA_LOSS"),
        (16, 401, "UNAUTHENTICATED"),
    ];
    for (code, http, name) in table {
        let answer = get(
            gateway,
            &format!("/every/troubleService/fail?code={code}&message=so"),
        )
        .await;
        // The words of a fault stay inside.
        let words = match http {
            500 => "the service has failed; its log has this request_id",
            _ => "so",
        };
        assert_eq!(answer.says(http), words, "{name}");
        assert_eq!(answer.json()["status"], name);
        assert!(answer.json().get("details").is_none());
    }
    let answer = get(gateway, "/every/troubleService/fail?code=8&details=true").await;
    answer.says(429);
    assert_eq!(answer.header("retry-after"), Some("2"));
    let details = &answer.json()["details"];
    let mut kinds: Vec<_> = details.as_array().unwrap().iter().collect();
    kinds.sort_by_key(|it| it["@type"].to_string());
    assert_eq!(
        kinds[0]["fieldViolations"][0]["field"], "message",
        "{details}"
    );
    assert_eq!(kinds[1]["retryDelay"], "1.500s", "{details}");
}

#[tokio::test]
async fn requests_have_numbers() {
    let (_every, gateway) = one().await;
    let wait = "/every/troubleService/wait";
    let own = [("x-request-id", "mine-7")];
    let answer = ask(gateway, "GET", wait, &own, b"").await;
    assert_eq!(answer.good()["requestId"], "mine-7", "it was not passed on");
    assert_eq!(answer.header("x-request-id"), Some("mine-7"));
    let (one, two) = (get(gateway, wait).await, get(gateway, wait).await);
    assert_eq!(one.good()["requestId"].as_str(), one.header("x-request-id"));
    assert_ne!(one.header("x-request-id"), two.header("x-request-id"));
    // One that would spoil a log is not taken.
    let long = "x".repeat(65);
    for bad in [long.as_str(), "two words", ""] {
        let answer = ask(gateway, "GET", wait, &[("x-request-id", bad)], b"").await;
        assert_ne!(answer.header("x-request-id"), Some(bad), "{bad:?}");
    }
}

#[tokio::test]
async fn pages_of_other_origins() {
    let settings = Settings {
        cors: vec!["https://shop.example".to_string()],
        ..patient()
    };
    let (_every, gateway) = one_with(settings).await;
    let from = |origin| {
        [
            ("origin", origin),
            ("access-control-request-method", "POST"),
        ]
    };
    let path = "/every/everyService/echo";
    let allowed = |answer: &support::browser::Answer| {
        answer
            .header("access-control-allow-origin")
            .map(str::to_string)
    };
    let (shop, other) = (from("https://shop.example"), from("https://other.example"));
    let answer = ask(gateway, "OPTIONS", path, &shop, b"").await;
    assert_eq!(answer.status, 200);
    assert_eq!(allowed(&answer).as_deref(), Some("https://shop.example"));
    let methods = answer.header("access-control-allow-methods").unwrap();
    assert!(methods.contains("POST"), "{methods}");
    let answer = ask(gateway, "OPTIONS", path, &other, b"").await;
    assert_eq!(allowed(&answer), None);
    let answer = ask(gateway, "GET", path, &shop[..1], b"").await;
    assert_eq!(allowed(&answer).as_deref(), Some("https://shop.example"));
    // A page may read why it has failed as well.
    let answer = ask(gateway, "GET", "/no/such/thing", &shop[..1], b"").await;
    answer.says(404);
    assert_eq!(allowed(&answer).as_deref(), Some("https://shop.example"));
    // Without settings no other origin may.
    let (_every, gateway) = one().await;
    let answer = ask(gateway, "GET", path, &shop[..1], b"").await;
    assert_eq!(allowed(&answer), None);
}

#[tokio::test]
async fn too_many_at_once_are_told_to_come_later() {
    let settings = Settings {
        in_flight: 1,
        ..patient()
    };
    let (every, gateway) = one_with(settings).await;
    get(gateway, "/every/troubleService/wait?ms=0").await.good();
    let slow =
        tokio::spawn(async move { get(gateway, "/every/troubleService/wait?ms=600000").await });
    until("the slow call has arrived", async || {
        every.counts.calls.load(Ordering::SeqCst) == 2
    })
    .await;
    let refused = get(gateway, "/every/troubleService/wait?ms=0").await;
    refused.refuses(503, "as many requests");
    assert_eq!(refused.header("retry-after"), Some("1"));
    // The one who was slow leaves, and its place is free.
    slow.abort();
    until("its place is free", async || {
        get(gateway, "/every/troubleService/wait?ms=0").await.status == 200
    })
    .await;
    until("the service has noticed", async || {
        every.counts.dropped.load(Ordering::SeqCst) == 1
    })
    .await;
}
