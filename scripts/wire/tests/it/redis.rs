//! `--as resp` between redis-cli and a real Redis: the calls go as without a wire, and each is told.

use std::io::{Read, Write};
use std::process::Command;

use crate::common::*;
use serde_json::{Value, json};
use testkit::redis::Redis;

/// What redis-cli prints for one command, sent to this port.
fn redis_cli(port: u16, args: &[&str]) -> String {
    let mut command = Command::new("redis-cli");
    command.args(["-h", "127.0.0.1", "-p", &port.to_string()]);
    testkit::program::run(command.args(args)).1
}

fn says(events: &[Value]) -> Vec<&str> {
    let words = events.iter().map(|it| it["says"].as_str().unwrap());
    words.collect()
}

#[test]
fn redis_cli_and_the_real_redis_are_told_in_words() {
    let redis = Redis::start().unwrap();
    let mut wire = Wire::start(redis.addr(), &["--as", "resp", "--json"]);
    let calls: [(&[&str], &str); 6] = [
        (&["SET", "colour", "dark\nblue", "EX", "300"], "OK\n"),
        (&["GET", "colour"], "dark\nblue\n"),
        (&["GET", "nothing"], "\n"),
        (&["HSET", "h", "a", "1"], "1\n"),
        // Version 3 begins with a question of its own.
        (&["-3", "HGETALL", "h"], "a 1\n"),
        (
            &["INCR", "colour"],
            "ERR value is not an integer or out of range\n\n",
        ),
    ];
    for (args, expected) in calls {
        assert_eq!(redis_cli(wire.addr.port(), args), expected, "{args:?}");
    }
    let requests = wire.events("resp-request", 7);
    assert_eq!(
        says(&requests),
        [
            r#"request 1  SET colour "dark\nblue" EX 300"#,
            "request 1  GET colour",
            "request 1  GET nothing",
            "request 1  HSET h a 1",
            "request 1  HELLO 3",
            "request 2  HGETALL h",
            "request 1  INCR colour",
        ]
    );
    let replies = wire.events("resp-reply", 7);
    let facts = |n: usize| {
        let it: &Value = &replies[n];
        (it["to"].clone(), it["type"].clone(), it["value"].clone())
    };
    assert_eq!(
        facts(1),
        ("GET".into(), "bulk string".into(), "dark\nblue".into())
    );
    assert_eq!(facts(2), ("GET".into(), "nil".into(), Value::Null));
    assert_eq!(facts(3), ("HSET".into(), "integer".into(), json!(1)));
    assert_eq!(facts(4).1, "map");
    assert_eq!(
        facts(5),
        ("HGETALL".into(), "map".into(), json!([["a", "1"]]))
    );
    assert_eq!(replies[6]["tone"], "wrong");
    assert!(replies.iter().all(|reply| reply["took_us"].is_u64()));
}

#[test]
fn a_pipeline_to_the_real_redis_keeps_its_order_on_a_wire_that_splits() {
    let redis = Redis::start().unwrap();
    let args = ["--as", "resp", "--json", "--chaos", "split=3,delay=1ms"];
    let mut wire = Wire::start(redis.addr(), &args);
    let mut client = wire.connect();
    client
        .write_all(
            b"SET n 41\r\n*2\r\n$4\r\nINCR\r\n$1\r\nn\r\n*2\r\n$3\r\nGET\r\n$1\r\nn\r\nQUIT\r\n",
        )
        .unwrap();
    let mut all = String::new();
    client.read_to_string(&mut all).unwrap();
    assert_eq!(all, "+OK\r\n:42\r\n$2\r\n42\r\n+OK\r\n");
    assert_eq!(
        says(&wire.events("resp-request", 4)),
        [
            "request 1  SET n 41",
            "request 2  INCR n",
            "request 3  GET n",
            "request 4  QUIT"
        ]
    );
    let replies = wire.events("resp-reply", 4);
    assert_eq!(
        says(&replies),
        [
            "reply 1  OK",
            "reply 2  42",
            r#"reply 3  "42""#,
            "reply 4  OK"
        ]
    );
    let names: Vec<_> = replies.iter().map(|reply| reply["to"].clone()).collect();
    assert_eq!(names, ["SET", "INCR", "GET", "QUIT"]);
}

#[test]
fn what_the_real_redis_refuses_to_read_the_wire_refuses_as_well() {
    let redis = Redis::start().unwrap();
    for broken in [&b"*1\r\n:1\r\n"[..], b"*1\r\n$-7\r\n", b"*x\r\n"] {
        let mut wire = Wire::start(redis.addr(), &["--as", "resp", "--json"]);
        let mut client = wire.connect();
        client.write_all(broken).unwrap();
        let mut all = String::new();
        client.read_to_string(&mut all).unwrap();
        assert!(all.starts_with("-ERR Protocol error"), "{all}");
        let told = &wire.events("resp-broken", 1)[0];
        assert_eq!(
            (&told["dir"], &told["tone"]),
            (&"client-to-server".into(), &"wrong".into())
        );
        let answer = &wire.events("resp-reply", 1)[0];
        assert_eq!(answer["number"], told["number"], "{answer}");
    }
}
