//! Deadlines, cancelled requests, and streams.

use std::sync::atomic::Ordering;
use std::time::Duration;

use l14_gateway::gateway::Settings;
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::support::browser::{ask, get, post, send};
use crate::support::{one, one_with, patient, until};

#[tokio::test]
async fn too_slow_is_504_and_the_service_stops() {
    let settings = Settings {
        deadline: Duration::from_secs(2),
        ..patient()
    };
    let (every, gateway) = one_with(settings).await;
    get(gateway, "/every/troubleService/wait").await.good();
    let since = Instant::now();
    let body = r#"{"ms": 600000}"#;
    post(gateway, "/every/troubleService/work", body)
        .await
        .says(504);
    assert!(since.elapsed() >= Duration::from_millis(1900));
    until("the work has stopped", async || {
        every.counts.dropped.load(Ordering::SeqCst) == 1
    })
    .await;
    // A call that changes something was made once, whatever happened.
    assert_eq!(every.counts.works.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn the_service_is_told_what_remains() {
    let (_every, gateway) = one().await;
    let wait = "/every/troubleService/wait";
    for (name, value, most) in [
        ("x-timeout-ms", "30000", 30_000),
        ("grpc-timeout", "20S", 20_000),
    ] {
        let answer = ask(gateway, "GET", wait, &[(name, value)], b"")
            .await
            .good();
        let given: u64 = answer["givenMs"].as_str().unwrap().parse().unwrap();
        assert!(
            (1..=most).contains(&given),
            "{name}: {value} became {given} ms"
        );
    }
    // No request gets more than the gateway gives.
    let answer = ask(gateway, "GET", wait, &[("x-timeout-ms", "999999999")], b"")
        .await
        .good();
    let given: u64 = answer["givenMs"].as_str().unwrap().parse().unwrap();
    assert!(given <= 60_000, "{given}");
    let (slow, little) = (format!("{wait}?ms=600000"), [("x-timeout-ms", "300")]);
    ask(gateway, "GET", &slow, &little, b"").await.says(504);
    for (name, value) in [
        ("x-timeout-ms", "soon"),
        ("x-timeout-ms", "-1"),
        ("grpc-timeout", "1"),
    ] {
        let answer = ask(gateway, "GET", wait, &[(name, value)], b"").await;
        answer.refuses(400, name);
    }
}

#[tokio::test]
async fn a_body_that_does_not_come() {
    let (_every, gateway) = one().await;
    let headers = [
        ("content-type", "application/json"),
        ("content-length", "10"),
        ("x-timeout-ms", "400"),
    ];
    let answer = ask(gateway, "POST", "/every/everyService/echo", &headers, b"{").await;
    answer.refuses(408, "body");
}

#[tokio::test]
async fn the_call_of_a_browser_that_leaves_is_cancelled() {
    let (every, gateway) = one().await;
    let path = "/every/troubleService/wait?ms=600000";
    let gone = send(gateway, "GET", path, &[], b"").await;
    until("it has arrived", async || {
        every.counts.calls.load(Ordering::SeqCst) == 1
    })
    .await;
    drop(gone);
    until("it is cancelled", async || {
        every.counts.dropped.load(Ordering::SeqCst) == 1
    })
    .await;
}

fn lines(text: &str) -> Vec<Value> {
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

#[tokio::test]
async fn a_stream_as_lines_and_as_events() {
    let (_every, gateway) = one().await;
    let count = "/every/everyService/count?to=3";
    let answer = get(gateway, count).await;
    assert_eq!(
        (answer.status, answer.header("content-type")),
        (200, Some("application/x-ndjson"))
    );
    let numbers: Vec<_> = (1..=3)
        .map(|number| json!({"result": {"number": number}}))
        .collect();
    assert_eq!(lines(answer.text()), numbers);
    let accept = [("accept", "text/event-stream")];
    let answer = ask(gateway, "GET", count, &accept, b"").await;
    assert_eq!(answer.header("content-type"), Some("text/event-stream"));
    let expected = "data: {\"number\":1}\n\ndata: {\"number\":2}\n\ndata: {\"number\":3}\n\n\
                    event: end\ndata: {}\n\n";
    assert_eq!(answer.text(), expected);
    let answer = post(gateway, "/every/everyService/count", r#"{"to": 0}"#).await;
    assert_eq!((answer.status, answer.text()), (200, ""));
}

#[tokio::test]
async fn an_error_in_the_middle_is_the_last_item() {
    let (_every, gateway) = one().await;
    let count = "/every/everyService/count?to=5&failAfter=2";
    let all = lines(get(gateway, count).await.text());
    assert_eq!(all.len(), 3, "{all:?}");
    assert_eq!(all[2]["error"]["status"], "RESOURCE_EXHAUSTED");
    assert_eq!(all[2]["error"]["code"], 429);
    let answer = ask(
        gateway,
        "GET",
        count,
        &[("accept", "text/event-stream")],
        b"",
    )
    .await;
    let (_, last) = answer.text().split_once("event: error\ndata: ").unwrap();
    assert!(
        last.contains("no more numbers") && last.ends_with("\n\n"),
        "{last}"
    );
    // Before the first message there is still a status to say it with.
    get(gateway, "/every/everyService/count?to=x")
        .await
        .says(400);
}

#[tokio::test]
async fn a_stream_ends_when_its_time_is_over() {
    let settings = Settings {
        stream: Duration::from_millis(500),
        ..patient()
    };
    let (every, gateway) = one_with(settings).await;
    let answer = get(gateway, "/every/everyService/count?to=1000&everyMs=50").await;
    let all = lines(answer.text());
    let last = &all.last().unwrap()["error"];
    assert_eq!(last["status"], "DEADLINE_EXCEEDED", "{all:?}");
    until("it counts no more", async || {
        every.counts.dropped.load(Ordering::SeqCst) == 1
    })
    .await;
}

#[tokio::test]
async fn a_stream_of_a_browser_that_leaves_is_cancelled() {
    let (every, gateway) = one().await;
    let path = "/every/everyService/count?to=1000&everyMs=20";
    let mut open = send(gateway, "GET", path, &[], b"").await;
    open.has("{\"result\":{\"number\":1}}\n").await;
    drop(open);
    until("it counts no more", async || {
        every.counts.dropped.load(Ordering::SeqCst) == 1
    })
    .await;
    assert!(every.counts.counted.load(Ordering::SeqCst) < 1000);
}

#[tokio::test]
async fn streams_have_places_of_their_own() {
    let settings = Settings {
        streams: 1,
        ..patient()
    };
    let (_every, gateway) = one_with(settings).await;
    let path = "/every/everyService/count?to=1000&everyMs=60000";
    let mut first = send(gateway, "GET", path, &[], b"").await;
    first.has("HTTP/1.1 200 OK\r\n").await;
    get(gateway, path).await.says(503);
    get(gateway, "/every/everyService/echo").await.good();
    drop(first);
    let short = "/every/everyService/count?to=1";
    until("the place is free", async || {
        get(gateway, short).await.status == 200
    })
    .await;
}
