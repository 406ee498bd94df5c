//! Chaos that is turned on and off while connections are open.

use std::io::{ErrorKind, Read, Write};
use std::time::{Duration, Instant};

use crate::common::*;

const CONTROL: &[&str] = &["--json", "--control"];

/// An open connection follows: whole chunks, then pieces, then whole chunks again.
#[test]
fn an_open_connection_follows_the_dial() {
    let (mut wire, mut client, mut server) = Wire::between(CONTROL);
    let mut send = |wire: &mut Wire| {
        let before = wire.seen_now("bytes");
        client.write_all(b"hello, wire").unwrap();
        server.read_exact(&mut [0; 11]).unwrap();
        let mut got = 0;
        let mut pieces = 0;
        while got < 11 {
            pieces += 1;
            let event = &wire.events("bytes", before + pieces)[before + pieces - 1];
            got += event["len"].as_u64().unwrap();
        }
        pieces
    };
    assert_eq!(send(&mut wire), 1);
    wire.program.tell("dance");
    assert_eq!(wire.event("control-error")["command"], "dance");
    assert_eq!(send(&mut wire), 1);
    wire.program.tell("chaos split=2");
    assert_eq!(wire.event("chaos")["chaos"], "split (seed 2)");
    assert!(send(&mut wire) > 1);
    wire.program.tell("chaos none");
    assert_eq!(wire.events("chaos", 2)[1]["chaos"], "none");
    assert_eq!(send(&mut wire), 1);
}

/// `cut-after` counts from the moment it is set, and again when it is set again.
#[test]
fn cut_after_counts_from_when_it_is_set() {
    let (mut wire, mut client, mut server) = Wire::between(CONTROL);
    client.write_all(&noise(1, 1000)).unwrap();
    server.read_exact(&mut [0; 1000]).unwrap();
    wire.program.tell("chaos cut-after=10");
    wire.events("chaos", 1);
    client.write_all(b"1234567").unwrap();
    server.read_exact(&mut [0; 7]).unwrap();
    wire.program.tell("chaos cut-after=5");
    wire.events("chaos", 2);
    client.write_all(b"abcdefg").unwrap();
    let (got, broken) = read_until_broken(&mut server);
    assert_eq!(got, b"abcde");
    assert_eq!(broken.unwrap_err().kind(), ErrorKind::ConnectionReset);
    assert_eq!(wire.event("cut")["after"], 5);
    assert_eq!(wire.event("closed")["bytes_to_server"], 1012);
}

#[test]
fn half_close_acts_on_the_next_chunk() {
    let (mut wire, mut client, mut server) = Wire::between(CONTROL);
    client.write_all(b"first").unwrap();
    server.read_exact(&mut [0; 5]).unwrap();
    wire.program.tell("chaos half-close");
    wire.event("chaos");
    client.write_all(b"second").unwrap();
    assert_eq!(read_all(&mut server), b"second");
    wire.event("half-close");
    server.write_all(b"answer").unwrap();
    drop(server);
    assert_eq!(read_all(&mut client), b"answer");
}

/// Nobody waits for the rest of a delay that is not wanted any more.
#[test]
fn a_chunk_that_is_held_is_let_go() {
    let (mut wire, mut client) = Wire::to_echo(&[CONTROL, &["--chaos", "delay=1000s"]].concat());
    wire.event("connected");
    let start = Instant::now();
    client.write_all(b"x").unwrap();
    std::thread::sleep(Duration::from_millis(100));
    wire.program.tell("chaos none");
    client.read_exact(&mut [0]).unwrap();
    assert!(start.elapsed() < Duration::from_secs(60));
}

/// The wire never outlives who started it.
#[test]
fn the_end_of_standard_input_ends_the_wire() {
    let (mut wire, client) = Wire::to_echo(CONTROL);
    wire.event("connected");
    wire.program.finish();
    let (status, lines) = wire.end();
    assert_eq!(status.code(), Some(0));
    assert!(lines.last().unwrap().contains("summary"), "{lines:?}");
    drop(client);
}
