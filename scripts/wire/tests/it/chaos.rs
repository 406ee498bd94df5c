//! The wire misbehaves exactly as asked, and never beyond what TCP allows.

use std::io::{ErrorKind, Read, Write};
use std::net::Shutdown;
use std::time::{Duration, Instant};

use testkit::program::has_all;

use crate::common::*;

/// Split and delayed bytes are the same bytes in the same order.
#[test]
fn order_is_kept_under_split_and_delay() {
    let (mut wire, mut client) = Wire::to_echo(&["--json", "--chaos", "split=42,delay=2ms"]);
    let bytes = noise(9, 100_000);
    let sending = send(&client, &bytes);
    assert!(read_all(&mut client) == *bytes);
    sending.join().unwrap();
    let closed = wire.event("closed");
    assert_eq!(
        (&closed["bytes_to_server"], &closed["bytes_to_client"]),
        (&100_000.into(), &100_000.into())
    );
}

/// The receiver really gets several reads where the sender made one write.
#[test]
fn a_split_chunk_leaves_in_pieces_that_add_up() {
    let (mut wire, mut client, mut server) = Wire::between(&["--json", "--chaos", "split"]);
    client.write_all(b"hello, wire").unwrap();
    client.shutdown(Shutdown::Write).unwrap();
    assert_eq!(read_all(&mut server), b"hello, wire");
    wire.event("fin");
    let pieces = wire.events("bytes", 2);
    let text: String = pieces
        .iter()
        .map(|piece| piece["text"].as_str().unwrap())
        .collect();
    assert_eq!(text, "hello, wire");
}

/// Only "at least" can be promised of a delay, so only that is asked.
#[test]
fn a_delayed_chunk_takes_at_least_that_long() {
    let (_wire, mut client) = Wire::to_echo(&["--chaos", "delay=120ms"]);
    let start = Instant::now();
    client.write_all(b"there and back").unwrap();
    client.read_exact(&mut [0; 14]).unwrap();
    let took = start.elapsed();
    assert!(took >= Duration::from_millis(240), "{took:?}");
}

#[test]
fn cut_after_cuts_at_exactly_that_byte_towards_the_server() {
    for n in [1, 9, 1000, 70_001] {
        let limit = format!("cut-after={n}");
        let (mut wire, mut client, mut server) = Wire::between(&["--json", "--chaos", &limit]);
        let reading = std::thread::spawn(move || read_until_broken(&mut server));
        // The cut may come while the client still sends; that is the client's surprise to have.
        let _ = client.write_all(&noise(n, 200_000));
        let (got, broken) = reading.join().unwrap();
        assert_eq!(got.len(), n);
        assert!(got == noise(n, 200_000)[..got.len()]);
        assert_eq!(broken.unwrap_err().kind(), ErrorKind::ConnectionReset);
        let (_, broken) = read_until_broken(&mut client);
        assert!(broken.is_err(), "the client is cut as well");
        assert_eq!(wire.event("cut")["after"], n);
        assert_eq!(wire.event("closed")["bytes_to_server"], n);
    }
}

/// Both directions count together, also when both are busy.
#[test]
fn cut_after_counts_both_directions() {
    let (mut wire, mut client) = Wire::to_echo(&["--json", "--chaos", "cut-after=12"]);
    client.write_all(b"xiaoming\n").unwrap();
    let (got, broken) = read_until_broken(&mut client);
    assert_eq!(got, b"xia");
    assert_eq!(broken.unwrap_err().kind(), ErrorKind::ConnectionReset);
    let closed = wire.event("closed");
    assert_eq!(
        (&closed["how"], &closed["bytes_to_server"]),
        (&"cut".into(), &9.into())
    );
    assert_eq!(closed["bytes_to_client"], 3);

    let (mut wire, mut client) = Wire::to_echo(&["--json", "--chaos", "cut-after=300000"]);
    let mut sender = client.try_clone().unwrap();
    let sending = std::thread::spawn(move || while sender.write_all(&[1; 5000]).is_ok() {});
    // The system reports the reset once, here or to the sender; so only the end counts.
    let _ = read_until_broken(&mut client);
    sending.join().unwrap();
    let closed = wire.event("closed");
    let both =
        closed["bytes_to_server"].as_u64().unwrap() + closed["bytes_to_client"].as_u64().unwrap();
    assert_eq!(both, 300_000);
}

/// The server believes that the client has finished; its answer still arrives.
#[test]
fn half_close_ends_one_direction_after_the_first_chunk() {
    let (mut wire, mut client, mut server) = Wire::between(&["--json", "--chaos", "half-close"]);
    client.write_all(b"first").unwrap();
    assert_eq!(read_all(&mut server), b"first");
    wire.event("half-close");
    client.write_all(b"second").unwrap();
    assert_eq!(wire.event("thrown-away")["len"], 6);
    server.write_all(b"answer").unwrap();
    drop(server);
    assert_eq!(read_all(&mut client), b"answer");
    drop(client);
    assert_eq!(wire.event("closed")["bytes_to_server"], 5);
}

#[test]
fn what_the_wire_will_do_is_said_at_the_start() {
    let addr = server(echo);
    let mut wire = Wire::start(
        addr,
        &["--chaos", "split=7,delay=50ms", "--chaos", "cut-after=100"],
    );
    let expected = "chaos: split (seed 7), delay 50ms, cut after 100 bytes";
    has_all(&wire.line_with("chaos:"), &[expected]);
}
