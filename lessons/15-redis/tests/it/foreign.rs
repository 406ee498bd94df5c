//! Clients by other people, with the real Redis and with ours: the crate `redis`, redis-py, redis-cli and
//! redis-benchmark.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::support::{Redis, Side};
use redis::{AsyncTypedCommands, IntegerReplyOrNoOp, SetExpiry, SetOptions, pipe};

/// Runs a program to its end; what it said.
#[track_caller]
fn output(command: &mut Command, input: &str) -> String {
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| panic!("{:?} does not start: {error}", command.get_program()));
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(input.as_bytes()).unwrap();
    drop(stdin);
    let output = child.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}{errors}");
    said
}

#[test]
fn redis_py() {
    let python = testkit::python_with_packages();
    let client = Path::new(env!("CARGO_MANIFEST_DIR")).join("interop/python/client.py");
    for side in Side::to_test() {
        let redis = side.start();
        let mut command = Command::new(&python);
        command.env("PYTHONDONTWRITEBYTECODE", "1");
        let said = output(command.arg(&client).arg(redis.addr.to_string()), "");
        assert_eq!(said, "all ok\n", "{side}");
    }
}

/// `redis-cli` and its words; on Debian and Ubuntu it comes with `redis-tools`.
fn redis_cli(redis: &Redis, words: &[&str]) -> Command {
    let mut command = Command::new("redis-cli");
    command
        .args(["-p", &redis.addr.port().to_string()])
        .args(words);
    command
}

#[test]
fn redis_cli_says_the_same_of_both() {
    let script = "set a 1 ex 100\nget a\nincr a\nget nothing\nmulti\nget a\ndel a\nexec\nget a b\n\
                  nope x\nset\nhello 4\nclient getname\nselect 3\nget a\nping hello\n";
    for words in [
        &[][..],
        &["-3"],
        &["--no-raw"],
        &["-n", "2"],
        &["--csv"],
        &["--json"],
    ] {
        let mut said = Side::to_test().into_iter().map(|side| {
            let redis = side.start();
            output(&mut redis_cli(&redis, words), script)
        });
        let first = said.next().unwrap();
        assert!(first.contains("QUEUED"), "{first}");
        for other in said {
            assert_eq!(other, first, "{words:?}");
        }
    }
}

#[test]
fn redis_cli_has_more_ways_to_ask() {
    for side in Side::to_test() {
        let redis = side.start();
        let many: String = (0..1000).map(|n| format!("SET key:{n} {n}\r\n")).collect();
        let said = output(&mut redis_cli(&redis, &["--pipe"]), &many);
        assert!(said.contains("errors: 0, replies: 1000"), "{side}: {said}");
        let said = output(&mut redis_cli(&redis, &["--scan"]), "");
        assert_eq!(said.lines().count(), 1000, "{side}: {said}");
        let said = output(&mut redis_cli(&redis, &["info", "keyspace"]), "");
        assert!(said.contains("db0:keys=1000,expires=0"), "{side}: {said}");
        let said = output(
            &mut redis_cli(&redis, &["-x", "set", "in"]),
            "from the input",
        );
        assert_eq!(said, "OK\n", "{side}");
        let said = output(&mut redis_cli(&redis, &["-r", "3", "incr", "n"]), "");
        assert_eq!(said, "1\n2\n3\n", "{side}");
    }
}

#[test]
fn redis_benchmark_runs_through() {
    for side in Side::to_test() {
        let redis = side.start();
        let mut command = Command::new("redis-benchmark");
        command.args(["-p", &redis.addr.port().to_string()]);
        command.args([
            "-n",
            "2000",
            "-P",
            "16",
            "-r",
            "100",
            "-t",
            "set,get,incr,ping,mset",
            "--csv",
        ]);
        let said = output(&mut command, "");
        assert_eq!(said.lines().count(), 7, "{side}: {said}");
        assert_eq!(
            redis
                .line()
                .says("EXISTS counter:000000000001 counter:000000000002"),
            ":2\r\n"
        );
    }
}

/// The crate that lessons 15 and 16 call Redis with, in both versions of the protocol.
#[test]
fn the_redis_crate() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    for side in Side::to_test() {
        let redis = side.start();
        for protocol in ["", "?protocol=resp3"] {
            let url = format!("redis://{}/{protocol}", redis.addr);
            runtime.block_on(crate_works(side, &url));
        }
    }
}

async fn crate_works(side: Side, url: &str) {
    let client = redis::Client::open(url).unwrap();
    let mut line = client.get_multiplexed_async_connection().await.unwrap();
    line.flushall().await.unwrap();
    line.set("k", "v").await.unwrap();
    assert_eq!(line.get("k").await.unwrap().as_deref(), Some("v"), "{side}");
    assert_eq!(line.get("nothing").await.unwrap(), None);
    line.set_ex("k", "v", 100).await.unwrap();
    let left = line.ttl("k").await.unwrap();
    assert!(
        matches!(left, IntegerReplyOrNoOp::IntegerReply(90..=100)),
        "{left:?}"
    );
    assert_eq!(line.get_del("k").await.unwrap().as_deref(), Some("v"));
    assert_eq!(line.get_del("k").await.unwrap(), None);
    let once = SetOptions::default()
        .conditional_set(redis::ExistenceCheck::NX)
        .get(true)
        .with_expiration(SetExpiry::EX(100));
    assert_eq!(line.set_options("n", 1, once.clone()).await.unwrap(), None);
    assert_eq!(
        line.set_options("n", 2, once).await.unwrap().as_deref(),
        Some("1")
    );
    assert_eq!(line.incr("n", 5).await.unwrap(), 6);
    let (first, second): (i64, Option<String>) = pipe()
        .atomic()
        .incr("n", 1)
        .get("nothing")
        .query_async(&mut line)
        .await
        .unwrap();
    assert_eq!((first, second), (7, None));
    let answers: Vec<i64> = (0..500)
        .fold(&mut pipe(), |pipe, _| pipe.incr("m", 1))
        .query_async(&mut line)
        .await
        .unwrap();
    assert_eq!(answers, (1..=500).collect::<Vec<_>>());
    let refused = line.incr("word", "x").await.unwrap_err();
    assert!(refused.to_string().contains("not an integer"), "{refused}");
    let mut manager = client.get_connection_manager().await.unwrap();
    assert_eq!(manager.get("n").await.unwrap().as_deref(), Some("7"));
    // One connection, many at once: each gets its own answer.
    let mut tasks = tokio::task::JoinSet::new();
    for number in 0..200 {
        let mut line = line.clone();
        tasks.spawn(async move {
            let key = format!("t:{number}");
            line.set(&key, number).await.unwrap();
            let read = line.get(&key).await.unwrap();
            assert_eq!(read, Some(number.to_string()));
        });
    }
    tasks.join_all().await;
}
