//! From a URL to a service and back.

mod support;

use std::sync::atomic::Ordering;

use l13_framework::registries::memory::Memory;
use serde_json::json;
use support::browser::{ask, get, post};
use support::{Running, door, one, patient};

#[tokio::test]
async fn the_call_of_the_notes() {
    let registry = Memory::new();
    let user = Running::start("user-1").await;
    user.register(&registry, "go.micro.srv.user").await;
    let door = door(&registry, patient()).await;
    let answer = get(door, "/user/say/hello?name=huohuo").await;
    let expected = json!({"id": "123", "username": "huohuo", "answeredBy": "user-1"});
    assert_eq!(answer.good(), expected);
    assert_eq!(answer.header("content-type"), Some("application/json"));
    let answer = post(door, "/user/say/hello", r#"{"name": "火火"}"#).await;
    assert_eq!(answer.good()["username"], "火火");
    for path in [
        "/user/Say/Hello",
        "/user/user.v1.Say/Hello",
        "/user/SAY/hello",
    ] {
        let answer = get(door, &format!("{path}?name=%E7%81%AB+%E7%81%AB")).await;
        assert_eq!(answer.good()["username"], "火 火", "{path}");
    }
    assert_eq!(user.counts.reflections.load(Ordering::SeqCst), 1);
}
