//! Keys that end, with a clock that is moved by hand: an hour takes no time, and no machine is too slow.

use std::time::Duration;

use crate::support::{Redis, ours, soon};
use l15_redis::clock::Clock;
use l15_redis::server::Config;

const SECOND: Duration = Duration::from_secs(1);

fn start() -> (Redis, Clock) {
    let clock = Clock::by_hand();
    let config = Config {
        clock: clock.clone(),
        ..Config::default()
    };
    (ours(config), clock)
}

#[test]
fn a_key_ends_at_its_time_and_not_before() {
    let (redis, clock) = start();
    let mut line = redis.line();
    for (command, time) in [
        ("SET a 1 EX 10", 10_000),
        ("SET a 1 PX 1500", 1500),
        ("SETEX a 300 1", 300_000),
        ("SET a 1 PX 7", 7),
    ] {
        assert_eq!(line.says(command), "+OK\r\n");
        clock.advance(Duration::from_millis(time - 1));
        assert_eq!(
            line.says("GET a"),
            "$1\r\n1\r\n",
            "{command}, 1 ms before its end"
        );
        assert_eq!(line.says("PTTL a"), ":1\r\n");
        clock.advance(Duration::from_millis(1));
        assert_eq!(line.says("GET a"), "$-1\r\n", "{command}, at its end");
        assert_eq!(line.says("TTL a"), ":-2\r\n");
    }
}

#[test]
fn no_command_sees_an_expired_key() {
    let (redis, clock) = start();
    let mut line = redis.line();
    // One expired key for each command: the first command that looks removes it.
    for (command, answer) in [
        ("GET", "$-1\r\n"),
        ("GETDEL", "$-1\r\n"),
        ("EXISTS", ":0\r\n"),
        ("DEL", ":0\r\n"),
        ("TTL", ":-2\r\n"),
        ("INCR", ":1\r\n"),
        ("MGET", "*1\r\n$-1\r\n"),
    ] {
        assert_eq!(line.says("SET k 41 PX 50"), "+OK\r\n");
        clock.advance(Duration::from_millis(50));
        assert_eq!(line.says(&format!("{command} k")), answer, "{command}");
        line.ask("FLUSHALL");
    }
    line.ask("SET k 1 PX 50");
    clock.advance(SECOND);
    assert_eq!(line.says("SCAN 0"), "*2\r\n$1\r\n0\r\n*0\r\n");
    line.ask("SET k 1 PX 50");
    clock.advance(SECOND);
    assert_eq!(line.says("DBSIZE"), ":0\r\n");
    line.ask("SET k 1 PX 50");
    clock.advance(SECOND);
    assert_eq!(line.says("SET k 2 XX"), "$-1\r\n");
    assert_eq!(line.says("SET k 2 NX"), "+OK\r\n");
}

#[test]
fn a_write_decides_about_the_time_to_live() {
    let (redis, clock) = start();
    let mut line = redis.line();
    for (command, left) in [
        ("INCR k", 7),
        ("SET k 2 KEEPTTL", 7),
        ("SET k 2", -1),
        ("MSET k 2", -1),
        ("EXPIRE k 20", 20),
        ("PEXPIRE k 5000", 5),
    ] {
        line.ask("SET k 1 EX 10");
        clock.advance(3 * SECOND);
        line.ask(command);
        assert_eq!(line.says("TTL k"), format!(":{left}\r\n"), "{command}");
    }
}

#[test]
fn ttl_says_the_nearest_second() {
    let (redis, clock) = start();
    let mut line = redis.line();
    line.ask("SET k 1 PX 2500");
    for expected in [":3\r\n", ":2\r\n", ":2\r\n", ":1\r\n", ":1\r\n", ":0\r\n"] {
        assert_eq!(line.says("TTL k"), expected);
        clock.advance(Duration::from_millis(499));
    }
}

/// A key that no client asks for again: without active expiry it would stay.
#[test]
fn the_dead_free_their_memory_though_nobody_asks() {
    let (redis, clock) = start();
    let mut line = redis.line();
    let value = "x".repeat(1000);
    line.ask("SET stays 1");
    let alone = redis.info("used_memory");
    for number in 0..5000 {
        line.send(format!("SET {number} {value} PX {}\r\n", 1000 + number).as_bytes());
    }
    for _ in 0..5000 {
        assert_eq!(line.value(), l15_redis::resp::Value::simple("OK"));
    }
    let full = redis.info("used_memory");
    assert!(full > 5000 * 1000, "{full}");
    clock.advance(Duration::from_millis(3500));
    soon("half of the memory comes back", || {
        redis.info("used_memory") < full * 11 / 20
    });
    clock.advance(10 * SECOND);
    soon("the memory comes back", || {
        redis.info("used_memory") == alone
    });
    assert_eq!(redis.info("expired_keys"), 5000);
    assert_eq!(line.says("GET stays"), "$1\r\n1\r\n");
}
