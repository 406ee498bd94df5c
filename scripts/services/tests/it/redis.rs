//! `up`, `status` and `down` for both kinds of Redis, and the handle that tests and programs hold. What
//! holds for Consul as well is in `support/lives.rs`.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};

use crate::support::{Home, addr, kill, lives, said};
use l15_redis::server::{Config, Server};
use services::redis::Setup;
use services::{Side, testkit};
use testkit::program::PATIENCE;
use testkit::tests;

/// Sends an inline command and gives back the first line of the answer.
fn ask(addr: SocketAddr, command: &str) -> std::io::Result<String> {
    let mut stream = TcpStream::connect(addr)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.write_all(format!("{command}\r\n").as_bytes())?;
    let mut line = Vec::new();
    while !line.ends_with(b"\r\n") {
        let mut byte = [0];
        stream.read_exact(&mut byte)?;
        line.extend(byte);
    }
    Ok(String::from_utf8_lossy(&line).trim_end().to_owned())
}

/// What each side calls its version.
fn version(side: &str) -> String {
    let asked = match side {
        "real" => Side::Real,
        _ => Side::Embedded,
    };
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let redis = runtime.block_on(Setup::of(asked).start()).unwrap();
    let mut stream = TcpStream::connect(redis.addr()).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream.write_all(b"INFO server\r\nQUIT\r\n").unwrap();
    let mut text = String::new();
    stream.read_to_string(&mut text).unwrap();
    runtime.block_on(redis.stop());
    let mut lines = text.lines();
    let version = lines.find_map(|line| line.strip_prefix("redis_version:"));
    version.unwrap().trim().to_owned()
}

fn a_life(side: &str) {
    let next = "redis-cli -p {port}\n  cargo run -p l15-redis -- client --addr {addr}\n";
    lives::a_life("redis", side, &version(side), next, |at| {
        assert_eq!(ask(at, "SET colour blue").unwrap(), "+OK");
        assert_eq!(ask(at, "EXISTS colour").unwrap(), ":1");
    });
}

tests! {
    the_embedded_one_lives_until_it_is_ended: a_life("embedded");
    the_real_redis_lives_until_it_is_ended: a_life("real");
    a_crash_of_the_embedded_one_is_told: lives::a_crash("redis", "embedded");
    a_crash_of_the_real_redis_is_told: lives::a_crash("redis", "real");
    two_at_the_same_time_start_one: lives::at_the_same_time("redis");
    an_up_of_the_real_redis_that_is_broken_off_leaves_nothing: lives::broken_off("redis");
    in_the_foreground_it_ends_with_its_terminal:
        lives::in_the_foreground("redis", &[("embedded", "TERM"), ("embedded", "KILL")]);
    in_the_foreground_the_real_redis_ends_with_its_terminal:
        lives::in_the_foreground("redis", &[("real", "INT"), ("real", "KILL")]);
    the_real_redis_is_ended_when_all_who_looked_after_it_are_gone: lives::an_orphan("redis");
    the_real_redis_that_hangs_is_not_up: lives::hangs("redis");
}

#[test]
fn a_port_that_somebody_has_is_a_clear_error() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let server = runtime.block_on(Server::start(Config::default())).unwrap();
    let at = server.address();
    let stranger = format!("that was not started here listens on {at}");
    let use_it = format!("redis-cli -p {}", at.port());
    lives::a_port_is_taken("redis", at, &[&stranger, &use_it]);
}

#[test]
fn a_missing_program_is_told_with_what_brings_it() {
    let home = Home::of("redis");
    let mut command = home.command(&["up", "redis", "--port", "0"]);
    command.env("WORKBOOK_SERVICES", "real");
    command.env("REDIS_BIN", "/nowhere/redis-server");
    said(command)
        .code(2)
        .complains(&["Redis cannot be started"]);
    let mut command = home.command(&["up", "redis", "--port", "0", "--real"]);
    command.env("PATH", "/nowhere").env_remove("REDIS_BIN");
    let missing = said(command);
    missing.code(2).complains(&["redis-server", "--embedded"]);
    assert_eq!(home.status()["state"], "down");
    assert_eq!(home.left(), Vec::<u32>::new());
}

#[test]
fn a_real_one_that_is_too_old_is_passed_over() {
    let home = Home::of("redis");
    let old = home.path("old-redis");
    // Not written by this process: a test beside this one may be forking, and what somebody may still write
    // cannot be run.
    let write =
        r##"printf '#!/bin/sh\necho "Redis server v=6.0.16 sha=0"\n' > "$0" && chmod +x "$0""##;
    let written = std::process::Command::new("sh")
        .args(["-c", write])
        .arg(&old)
        .status();
    assert!(written.unwrap().success());
    let mut command = home.command(&["up", "redis", "--port", "0"]);
    command.env("REDIS_BIN", &old);
    let words = "Starting the embedded Redis: the real Redis here is 6.0.16, and lessons need 7.0.";
    said(command).code(0).says(&[words]);
}

#[test]
fn both_are_told_and_ended_together() {
    let home = Home::of("redis");
    for word in ["consul", "redis"] {
        home.good(&["up", word, "--port", "0", "--embedded"]);
    }
    // Both are up already: nothing is left to do, and nothing went wrong.
    let again = home.good(&["up"]);
    assert_eq!(again.matches("Already up.").count(), 2, "{again}");
    let both = home.run(&["status"]);
    both.code(0).says(&["Consul ", "Redis "]);
    assert!(!home.good(&["status", "redis"]).contains("Consul"));
    let other = home.run(&["up", "--real"]);
    other.code(2);
    assert_eq!(other.err.matches("already").count(), 2, "{other:?}");

    home.good(&["down", "consul"]);
    let one = home.run(&["status"]);
    let none = "No Consul was started here";
    one.code(0).says(&[none, "Redis ", " is up at "]);
    // One that has crashed is told although the other is well.
    home.good(&["up", "consul", "--port", "0", "--embedded"]);
    let at = addr(&home.file().unwrap());
    kill(home.worker());
    let crashed = home.run(&["status"]);
    crashed.code(1).says(&["Redis has crashed"]);
    let down = home.run(&["down"]);
    down.code(0).says(&["The Consul at ", "Redis had crashed"]);
    assert!(TcpListener::bind(at).is_ok(), "{at} is free");
    home.run(&["status"]).code(3);
}

#[tokio::test]
async fn one_that_was_killed_starts_again_at_its_address_and_is_empty() {
    for side in Side::to_test().unwrap() {
        let mut redis = Setup::of(side).start().await.unwrap();
        let at = redis.addr();
        assert!(redis.is_running() && redis.side() == side);
        for _ in 0..3 {
            assert_eq!(blocking(at, "SET colour blue").await.unwrap(), "+OK");
            let open = TcpStream::connect(at).unwrap();
            redis.kill().await;
            assert!(!redis.is_running(), "{side}");
            // Nobody is there any more, and who was connected is told so.
            assert!(blocking(at, "PING").await.is_err(), "{side}");
            open.set_read_timeout(Some(PATIENCE)).unwrap();
            let rest = tokio::task::spawn_blocking(move || (&open).read(&mut [0; 8]));
            let rest = rest.await.unwrap();
            assert!(
                !matches!(&rest, Err(error) if error.kind() == std::io::ErrorKind::WouldBlock),
                "{side}: {rest:?}"
            );
            // Twice does no harm.
            redis.kill().await;
            redis.start_again().await.unwrap();
            assert!(redis.is_running() && redis.addr() == at, "{side}");
            assert_eq!(blocking(at, "EXISTS colour").await.unwrap(), ":0", "{side}");
        }
        redis.stop().await;
        assert!(
            TcpListener::bind(at).is_ok(),
            "{side}: {at} is free at once"
        );
    }
}

/// The embedded one answers from this very runtime, so nothing may block it.
async fn blocking(addr: SocketAddr, command: &'static str) -> std::io::Result<String> {
    let asked = tokio::task::spawn_blocking(move || ask(addr, command));
    asked.await.unwrap()
}
