//! `up`, `status` and `down` for both kinds of Redis, and the handle that tests and programs hold. What
//! holds for Consul as well is in `support/lives.rs`.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};

use crate::support::{Home, addr, kill, lives, pid, processes, said, signal, stopped, until};
use l15_redis::server::{Config, Server};
use services::redis::Setup;
use services::{Side, testkit};
use testkit::program::PATIENCE;

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
    let setup = Setup {
        side: Some(asked),
        ..Setup::default()
    };
    let redis = runtime.block_on(setup.start()).unwrap();
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

#[test]
fn the_embedded_one_lives_until_it_is_ended() {
    a_life("embedded");
}

#[test]
fn the_real_redis_lives_until_it_is_ended() {
    a_life("real");
}

#[test]
fn a_crash_of_the_embedded_one_is_told() {
    lives::a_crash("redis", "embedded");
}

#[test]
fn a_crash_of_the_real_redis_is_told() {
    lives::a_crash("redis", "real");
}

#[test]
fn two_at_the_same_time_start_one() {
    lives::at_the_same_time("redis");
}

#[test]
fn an_up_of_the_real_redis_that_is_broken_off_leaves_nothing() {
    lives::broken_off("redis");
}

#[test]
fn in_the_foreground_it_ends_with_its_terminal() {
    lives::in_the_foreground("redis", &[("embedded", "TERM"), ("embedded", "KILL")]);
}

#[test]
fn in_the_foreground_the_real_redis_ends_with_its_terminal() {
    lives::in_the_foreground("redis", &[("real", "INT"), ("real", "KILL")]);
}

#[test]
fn the_real_redis_is_ended_when_all_who_looked_after_it_are_gone() {
    let home = Home::of("redis");
    home.good(&["up", "redis", "--port", "0", "--real"]);
    let served = pid(&home.file().unwrap());
    let guards = processes("cmdline", |line| {
        line.contains(&format!(" guard {served} "))
    });
    assert_eq!(guards.len(), 1, "the guard of the real one");
    kill(guards[0]);
    kill(home.worker());
    assert!(lives(served));
    home.good(&["down"]);
    until("the orphan is gone", || !lives(served));
}

#[test]
fn the_real_redis_that_hangs_is_not_up() {
    let home = Home::of("redis");
    home.good(&["up", "redis", "--port", "0", "--real"]);
    let served = pid(&home.file().unwrap());
    signal("STOP", served);
    until("all of it has stopped", || stopped(served));
    let silent = home.run(&["status"]);
    assert_eq!(silent.code, Some(1), "{silent:?}");
    assert!(silent.out.contains("gives no good answer"), "{silent:?}");
    let up = home.run(&["up", "redis"]);
    assert_eq!(up.code, Some(2), "{up:?}");
    assert!(up.err.contains("services down redis"), "{up:?}");
    home.good(&["down"]);
    assert!(!lives(served));
}

#[test]
fn a_port_that_somebody_has_is_a_clear_error() {
    let home = Home::of("redis");
    let stranger = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = stranger.local_addr().unwrap().port().to_string();
    let refused = home.run(&["up", "redis", "--embedded", "--port", &port]);
    assert_eq!(refused.code, Some(2), "{refused:?}");
    let me = format!("process {}", std::process::id());
    assert!(
        refused.err.contains("is taken") && refused.err.contains(&me),
        "{refused:?}"
    );

    let runtime = tokio::runtime::Runtime::new().unwrap();
    let server = runtime.block_on(Server::start(Config::default())).unwrap();
    let at = server.address();
    let refused = home.run(&[
        "up",
        "redis",
        "--embedded",
        "--port",
        &at.port().to_string(),
    ]);
    assert_eq!(refused.code, Some(2), "{refused:?}");
    assert!(
        refused.err.contains("that was not started here listens on")
            && refused.err.contains(&at.to_string())
            && refused.err.contains(&me)
            && refused.err.contains(&format!("redis-cli -p {}", at.port())),
        "{refused:?}"
    );
    assert_eq!(home.status()["state"], "down");
}

#[test]
fn a_missing_program_is_told_with_what_brings_it() {
    let home = Home::of("redis");
    let mut command = home.command(&["up", "redis", "--port", "0"]);
    command.env("WORKBOOK_SERVICES", "real");
    command.env("REDIS_BIN", "/nowhere/redis-server");
    let missing = said(command);
    assert_eq!(missing.code, Some(2), "{missing:?}");
    assert!(
        missing.err.contains("Redis cannot be started"),
        "{missing:?}"
    );
    let mut command = home.command(&["up", "redis", "--port", "0", "--real"]);
    command.env("PATH", "/nowhere").env_remove("REDIS_BIN");
    let missing = said(command);
    assert_eq!(missing.code, Some(2), "{missing:?}");
    assert!(
        missing.err.contains("redis-server") && missing.err.contains("--embedded"),
        "{missing:?}"
    );
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
    let up = said(command);
    assert_eq!(up.code, Some(0), "{up:?}");
    let words = "Starting the embedded Redis: the real Redis here is 6.0.16, and lessons need 7.0.";
    assert!(up.out.contains(words), "{up:?}");
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
    let both = home.good(&["status"]);
    assert!(
        both.contains("Consul ") && both.contains("Redis "),
        "{both}"
    );
    assert!(!home.good(&["status", "redis"]).contains("Consul"));
    let other = home.run(&["up", "--real"]);
    assert_eq!(other.code, Some(2), "{other:?}");
    assert_eq!(other.err.matches("already").count(), 2, "{other:?}");

    home.good(&["down", "consul"]);
    let one = home.good(&["status"]);
    assert!(one.contains("No Consul was started here"), "{one}");
    assert!(
        one.contains("Redis ") && one.contains(" is up at "),
        "{one}"
    );
    // One that has crashed is told although the other is well.
    home.good(&["up", "consul", "--port", "0", "--embedded"]);
    let at = addr(&home.file().unwrap());
    kill(home.worker());
    let crashed = home.run(&["status"]);
    assert_eq!(crashed.code, Some(1), "{crashed:?}");
    assert!(crashed.out.contains("Redis has crashed"), "{crashed:?}");
    let down = home.good(&["down"]);
    assert!(down.contains("The Consul at "), "{down}");
    assert!(down.contains("Redis had crashed"), "{down}");
    assert!(TcpListener::bind(at).is_ok(), "{at} is free");
    assert_eq!(home.run(&["status"]).code, Some(3));
}

#[tokio::test]
async fn one_that_was_killed_starts_again_at_its_address_and_is_empty() {
    for side in Side::to_test().unwrap() {
        let setup = Setup {
            side: Some(side),
            ..Setup::default()
        };
        let mut redis = setup.start().await.unwrap();
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
