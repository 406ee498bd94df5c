//! The query for healthy instances, with both kinds of Consul and with a server that gives unusual answers.

use std::net::SocketAddr;
use std::time::Duration;

use crate::support::{Say, Scripted, answer, consul, list, register, register_raw, sides};
use l09_register::registry::{self, Registry};
use l10_discover::health::{BlockingQuery, Error, Query, ask};
use tokio::time::Instant;

const DEADLINE: Duration = Duration::from_secs(20);

fn place(port: u16) -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], port))
}

#[tokio::test]
async fn only_the_healthy_ones_by_name_and_by_tag() {
    for side in sides() {
        let consul = consul(side, None).await;
        let registry = Registry::at(consul.addr()).unwrap();
        let query = Query::named("greeter");
        let empty = ask(&registry, &query, None, DEADLINE).await.unwrap();
        assert!(empty.instances.is_empty(), "{side}");
        assert!(empty.index > 0, "{side}: {empty:?}");

        register(&registry, "greeter", place(1)).await;
        register(&registry, "other", place(2)).await;
        register_raw(
            consul.addr(),
            r#"{"Name":"greeter","ID":"sick","Port":3,"Address":"127.0.0.1","Check":{"TTL":"1h"}}"#,
        )
        .await;
        register_raw(
            consul.addr(),
            r#"{"Name":"greeter","ID":"new","Port":4,"Tags":["v2","é &="]}"#,
        )
        .await;
        let found = ask(&registry, &query, None, DEADLINE).await.unwrap();
        let ids: Vec<&str> = found.instances.iter().map(|one| one.id.as_str()).collect();
        assert_eq!(ids, ["greeter-127.0.0.1-1", "new"], "{side}");
        assert_eq!(found.instances[0].tags, ["grpc", "consul"], "{side}");
        // Without an address of its own it has that of the node.
        assert_eq!(found.instances[1].addr, place(4), "{side}");
        assert!(found.index > empty.index, "{side}");

        for tag in ["v2", "é &="] {
            let tagged = query.clone().tagged(tag);
            let found = ask(&registry, &tagged, None, DEADLINE).await.unwrap();
            assert_eq!(found.instances.len(), 1, "{side}, {tag}");
        }
        let tagged = query.clone().tagged("v3");
        let found = ask(&registry, &tagged, None, DEADLINE).await.unwrap();
        assert!(found.instances.is_empty(), "{side}");
    }
}

#[tokio::test]
async fn what_cannot_be_called_is_listed_with_its_reason() {
    for side in sides() {
        let consul = consul(side, None).await;
        let registry = Registry::at(consul.addr()).unwrap();
        register(&registry, "greeter", place(1)).await;
        for (id, address, port) in [
            ("a", "myhost", 80),
            ("b", "10.0.0.1", 0),
            ("c", "10.0.0.1", 99_999),
        ] {
            let json =
                format!(r#"{{"Name":"greeter","ID":"{id}","Address":"{address}","Port":{port}}}"#);
            register_raw(consul.addr(), &json).await;
        }
        let found = ask(&registry, &Query::named("greeter"), None, DEADLINE).await;
        let found = found.unwrap();
        assert_eq!(found.instances.len(), 1, "{side}");
        assert_eq!(
            found.not_callable.len(),
            3,
            "{side}: {:?}",
            found.not_callable
        );
        assert_eq!(
            found.not_callable[0], "a: \"myhost\" is not an IP address",
            "{side}"
        );
    }
}

#[tokio::test]
async fn a_question_is_held_back_until_something_changes() {
    for side in sides() {
        let consul = consul(side, None).await;
        let registry = Registry::at(consul.addr()).unwrap();
        let query = Query::named("greeter");
        let before = ask(&registry, &query, None, DEADLINE).await.unwrap();
        let index = before.index;
        let since = Instant::now();
        let wait = Duration::from_millis(300);
        let hold = Some(BlockingQuery { index, wait });
        let same = ask(&registry, &query, hold, DEADLINE).await.unwrap();
        let waited = since.elapsed();
        assert!(same.index > index || waited >= wait, "{side}: {waited:?}");

        let wait = Duration::from_secs(600);
        let (held, query) = (registry.clone(), query.clone());
        let held = tokio::spawn(async move {
            // Waking does not mean changed: while no instance has the name, any change of the catalog wakes.
            let mut index = index;
            loop {
                let hold = Some(BlockingQuery { index, wait });
                let answer = ask(&held, &query, hold, DEADLINE).await.unwrap();
                assert!(answer.index >= index, "{answer:?} after {index}");
                if !answer.instances.is_empty() {
                    return answer;
                }
                index = answer.index;
            }
        });
        register(&registry, "greeter", place(1)).await;
        let changed = held.await.unwrap();
        assert_eq!(changed.instances.len(), 1, "{side}");
        assert!(changed.index > index, "{side}");
    }
}

async fn asked(say: Say, deadline: Duration) -> Result<usize, Error> {
    let consul = Scripted::start(vec![say]).await;
    let registry = Registry::at(consul.addr).unwrap();
    let found = ask(&registry, &Query::named("greeter"), None, deadline).await?;
    Ok(found.instances.len())
}

#[tokio::test]
async fn odd_answers_are_errors_in_words() {
    let refused = asked(answer(500, "7", "No cluster leader"), DEADLINE).await;
    let words = registry::Error::Refused {
        code: 500,
        words: "No cluster leader".to_string(),
    };
    assert_eq!(refused, Err(Error::Consul(words)));
    let long = asked(answer(500, "7", &"x".repeat(1 << 20)), DEADLINE).await;
    assert!(long.unwrap_err().to_string().len() < 1000);
    for nonsense in [
        "",
        "{",
        "null",
        "{}",
        "[null]",
        "[{}]",
        r#"[{"Node":{"Address":"127.0.0.1"}}]"#,
        r#"[{"Node":{},"Service":{"ID":7,"Address":"127.0.0.1","Port":1}}]"#,
        r#"[{"Node":{},"Service":{"ID":"a","Address":"127.0.0.1","Port":"1"}}]"#,
        &"[".repeat(100_000),
    ] {
        let outcome = asked(answer(200, "7", nonsense), DEADLINE).await;
        assert!(outcome.is_err(), "{nonsense:.40}");
    }
    // An index that is not a number and unknown members do no harm.
    assert_eq!(
        asked(answer(200, "seven", &list(&[1, 2])), DEADLINE).await,
        Ok(2)
    );
    let more = list(&[1]).replace("\"Checks\"", "\"New\":{\"a\":[1]},\"Checks\"");
    assert_eq!(asked(answer(200, "7", &more), DEADLINE).await, Ok(1));
    // Where consulrs panics: a header that is no text.
    let mut bytes =
        b"HTTP/1.1 200 OK\r\nX-Consul-Index: \xff\xfe\r\nContent-Length: 2\r\n\r\n".to_vec();
    bytes.extend(b"[]");
    let panicked = asked(Say::Bytes(bytes), DEADLINE).await;
    assert!(matches!(panicked, Err(Error::Malformed(_))), "{panicked:?}");
}

#[tokio::test]
async fn silence_ends_with_the_deadline() {
    let soon = Duration::from_millis(300);
    let slow = match answer(200, "7", &list(&[1])) {
        Say::Bytes(bytes) => Say::Slowly(bytes),
        _ => unreachable!("it is bytes"),
    };
    for say in [Say::Nothing, slow] {
        let since = Instant::now();
        let outcome = asked(say, soon).await;
        assert!(
            matches!(outcome, Err(Error::Consul(registry::Error::Away(_)))),
            "{outcome:?}"
        );
        assert!(since.elapsed() >= soon);
    }
}

#[tokio::test]
async fn a_name_that_does_not_fit_into_a_path_is_not_asked() {
    let registry = Registry::at(place(1)).unwrap();
    for name in ["", ".", "..", "a/b", "a b", "a?b", "ä", "a%20b"] {
        let outcome = ask(&registry, &Query::named(name), None, DEADLINE).await;
        assert_eq!(outcome.unwrap_err(), Error::Name(name.to_string()));
    }
}

#[tokio::test]
async fn a_list_without_end_is_cut() {
    let ports: Vec<u16> = (1..=20_000).collect();
    let outcome = asked(answer(200, "7", &list(&ports)), DEADLINE).await;
    assert_eq!(outcome, Ok(l10_discover::health::MAX_INSTANCES));
}
