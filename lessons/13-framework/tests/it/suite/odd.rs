//! Unusual values are stored exactly, or refused.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use l13_framework::registry::{Error, Event, Instance, Registry};
use tokio::task::JoinSet;
use tokio::time::timeout;

use super::{LONG, Stage, holds, instance, name, next, pairs};

/// Every name is held exactly or refused, and no name finds what another has.
pub async fn odd_names(stage: &impl Stage) {
    let (one, other) = (stage.fresh().await, stage.fresh().await);
    // These are names that services have.
    let plain = ["go.micro.srv.user", "go.micro.srv.getCaptcha", "a", "a.b"];
    let very_long = [63, 64, 200, 255, 256, 1000, 100_000].map(|length| "x".repeat(length));
    let odd = [
        "", " ", "A", "a.", ".a", ".", "..", "a.b.c", "a.b.d", "ab", "a/", "/a", "a/b", "a//b",
        "a b", " a", "a ", "a\tb", "a\nb", "a\0", "a\0b", "a-b", "a_b", "_a", "-", "%61", "a%2Fb",
        "a?x=1", "a#b", "a&b", "a=b", "a:b", "a;b", "a,b", "*", "\"a\"", "'a'", "a\\b", "\\",
        "(a)", "{a}", "$a", "ä", "a\u{308}", "ß", "ss", "SS", "😀", "consul", "null", "0", "a.b/c",
        "a.b/",
    ];
    let longer = [
        "--registry",
        "\u{feff}a",
        "GO.MICRO.SRV.USER",
        "go.micro.srv.user2",
        "go.micro.srv",
        "_sts._tcp.local.",
        "日本語",
    ];
    let all = plain.into_iter().chain(odd).chain(longer);
    let all: Vec<_> = all.chain(very_long.iter().map(String::as_str)).collect();
    let mut held: BTreeMap<&str, Instance> = BTreeMap::new();
    let mut refused = Vec::new();
    for name in all {
        let instance = instance(name);
        match one.register(&instance, LONG).await {
            Ok(()) => _ = held.insert(name, instance),
            Err(Error::Invalid(words)) => {
                assert!(!words.is_empty() && words.len() < 1000, "{words}");
                assert!(!plain.contains(&name), "a plain name is refused: {words}");
                refused.push(name);
            }
            Err(why) => panic!("{name:?}: refused, but not as a name that cannot be: {why}"),
        }
    }
    assert!(refused.contains(&""), "a service without a name");
    let begin: Vec<_> = refused
        .iter()
        .map(|name| name.chars().take(10).collect::<String>())
        .collect();
    println!(
        "{}: {} names held, refused {begin:?}",
        stage.registry(),
        held.len()
    );
    for registry in [&one, &other] {
        for (name, instance) in &held {
            holds(&**registry, name, &[instance]).await;
        }
        for name in &refused {
            match registry.get_service(name).await {
                Ok(found) => assert_eq!(found, [], "{name:?} was refused, and finds"),
                Err(why) => assert!(matches!(why, Error::Invalid(_)), "{name:?}: {why}"),
            }
        }
        let names = registry.list_services().await.unwrap();
        for name in held.keys() {
            assert!(
                names.iter().any(|listed| listed == name),
                "{name:?} is not in {names:?}"
            );
        }
        for name in &refused {
            assert!(
                !names.iter().any(|listed| listed == name),
                "{name:?} is in {names:?}"
            );
        }
        // A watch of one name is told of no other.
        for name in ["a", "A", "a.b"]
            .into_iter()
            .filter(|name| held.contains_key(name))
        {
            let mut watch = registry.watch(Some(name)).await.unwrap();
            assert_eq!(next(&mut watch).await, Event::Added(held[name].clone()));
            let more = timeout(Duration::from_millis(50), watch.next()).await;
            assert!(more.is_err(), "{name:?} is told {more:?}");
        }
    }
    // One goes, and all others stay.
    let gone = held.remove("a").unwrap();
    one.deregister(&gone).await.unwrap();
    for registry in [&one, &other] {
        holds(&**registry, "a", &[]).await;
        for (name, instance) in &held {
            holds(&**registry, name, &[instance]).await;
        }
    }
}

/// The same for ids: of one name, so that only the id tells them apart.
pub async fn odd_ids(stage: &impl Stage) {
    let (one, other) = (stage.fresh().await, stage.fresh().await);
    let one: Arc<dyn Registry> = one.into();
    let name = name("user");
    let long = [63, 64, 255, 256, 1000].map(|length| "x".repeat(length));
    let odd = [
        "", " ", "a", "A", "a.b", "a/b", "a/", "/a", "a b", " a", "a\nb", "a\0", "%61", "a%2Fb",
        "a?b", "a#b", "a=b", "a:b", "\\", "ä", "a\u{308}", "..", ".",
    ];
    let mut held = Vec::new();
    let longer = long
        .iter()
        .map(String::as_str)
        .chain(["127.0.0.1:80", "日本語"]);
    for id in odd.into_iter().chain(longer) {
        let instance = Instance {
            // Before the odd part, so that two tests on one server do not meet.
            id: if id.is_empty() {
                String::new()
            } else {
                format!("{name}{id}")
            },
            ..instance(&name)
        };
        match one.register(&instance, LONG).await {
            Ok(()) => held.push(instance),
            Err(why) => assert!(matches!(why, Error::Invalid(_)), "{id:?}: {why}"),
        }
    }
    assert!(
        held.iter().any(|instance| instance.id.ends_with("a.b")),
        "a plain id"
    );
    assert!(
        !held.iter().any(|instance| instance.id.is_empty()),
        "an instance without an id"
    );
    held.sort_by(|a, b| a.id.cmp(&b.id));
    println!("{}: {} ids held", stage.registry(), held.len());
    holds(&*other, &name, &held.iter().collect::<Vec<_>>()).await;
    // Every other one goes. Those whose ids are nearly the same stay.
    let (gone, stay): (Vec<_>, Vec<_>) = held.iter().enumerate().partition(|(at, _)| at % 2 == 0);
    for (these, left) in [(gone, stay.clone()), (stay, Vec::new())] {
        // All at once: a goodbye may take its time.
        let mut goodbyes = JoinSet::new();
        for (_, gone) in these {
            let (one, gone) = (Arc::clone(&one), gone.clone());
            goodbyes.spawn(async move { one.deregister(&gone).await });
        }
        for done in goodbyes.join_all().await {
            done.unwrap();
        }
        let left: Vec<_> = left.iter().map(|(_, instance)| *instance).collect();
        holds(&*other, &name, &left).await;
    }
}

/// Metadata comes out as it went in, or is refused.
pub async fn odd_metadata(stage: &impl Stage) {
    let (one, other) = (stage.fresh().await, stage.fresh().await);
    let name = name("user");
    let mut instance = instance(&name);
    // Odd values are part of normal use.
    instance.metadata = pairs(&[
        ("transport", "grpc"),
        ("empty", ""),
        ("equals", "a=b=c"),
        ("quotes", "\"a\" 'b' \\c"),
        ("languages", "Grüße, 日本語, 😀"),
        ("lines", "one\ntwo\r\n\tthree"),
        ("json", r#"{"a": [1, null]}"#),
        ("spaces", "  two in front, one behind "),
        ("long", &"v".repeat(200)),
    ]);
    instance.version = "1.0.0 ü=\"x\"".into();
    one.register(&instance, LONG).await.unwrap();
    holds(&*other, &name, &[&instance]).await;
    // Odd keys and very long values may be refused, but then with a reason, and without harm to what is there.
    let long = "k".repeat(300);
    for (key, value) in [
        ("", "empty"),
        ("a=b", "1"),
        ("ä", "1"),
        ("a b", "1"),
        ("a.b", "1"),
        ("a/b", "1"),
        ("a\nb", "1"),
        ("a\0b", "1"),
        (" a", "1"),
        ("name", "not it"),
        ("id", "not it"),
        ("version", "not it"),
        ("addr", "not it"),
        ("m.a", "1"),
        ("_", "1"),
        (long.as_str(), "1"),
        ("value", long.as_str()),
        ("zero", "a\0b"),
    ] {
        let changed = Instance {
            metadata: pairs(&[(key, value), ("transport", "grpc")]),
            ..instance.clone()
        };
        match one.register(&changed, LONG).await {
            Ok(()) => instance = changed,
            Err(why) => assert!(matches!(why, Error::Invalid(_)), "{key:?}: {why}"),
        }
        holds(&*other, &name, &[&instance]).await;
    }
    // Two keys that differ in their case are two keys.
    let changed = Instance {
        metadata: pairs(&[("Key", "1"), ("key", "2")]),
        ..instance.clone()
    };
    match one.register(&changed, LONG).await {
        Ok(()) => instance = changed,
        Err(why) => assert!(matches!(why, Error::Invalid(_)), "{why}"),
    }
    holds(&*other, &name, &[&instance]).await;
}

/// Two addresses of this machine are two addresses; one of the other family is held or refused.
pub async fn addresses(stage: &impl Stage) {
    let (one, other) = (stage.fresh().await, stage.fresh().await);
    let name = name("user");
    let mut held = Vec::new();
    for addr in ["127.0.0.1:65535", "127.0.0.2:1", "127.255.1.2:50051"] {
        let instance = Instance {
            addr: addr.parse().unwrap(),
            ..instance(&name)
        };
        one.register(&instance, LONG).await.unwrap();
        held.push(instance);
    }
    let six = Instance {
        addr: "[::1]:50051".parse().unwrap(),
        ..instance(&name)
    };
    match one.register(&six, LONG).await {
        Ok(()) => held.push(six),
        Err(why) => assert!(matches!(why, Error::Invalid(_)), "{why}"),
    }
    for nowhere in ["0.0.0.0:80", "127.0.0.1:0"] {
        let instance = Instance {
            addr: nowhere.parse().unwrap(),
            ..instance(&name)
        };
        let answer = one.register(&instance, LONG).await;
        assert!(
            matches!(answer, Err(Error::Invalid(_))),
            "{nowhere}: {answer:?}"
        );
    }
    holds(&*other, &name, &held.iter().collect::<Vec<_>>()).await;
}

/// No registry takes an instance of any size, nor any time to live.
pub async fn too_big_is_refused(stage: &impl Stage) {
    let one = stage.fresh().await;
    let name = name("user");
    let big = Instance {
        metadata: (0..1000)
            .map(|n| (format!("key{n}"), "v".repeat(100)))
            .collect(),
        ..instance(&name)
    };
    let answer = one.register(&big, LONG).await;
    assert!(matches!(answer, Err(Error::Invalid(_))), "{answer:?}");
    for ttl in [Duration::ZERO, Duration::MAX] {
        let answer = one.register(&instance(&name), ttl).await;
        assert!(
            matches!(answer, Err(Error::Invalid(_))),
            "{ttl:?}: {answer:?}"
        );
    }
    holds(&*one, &name, &[]).await;
}
