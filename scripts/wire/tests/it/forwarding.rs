//! The wire is invisible: bytes, ends and breaks on one side are those of the other side.

use std::collections::BTreeSet;
use std::io::{ErrorKind, Read, Write};
use std::net::Shutdown;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use testkit::program::has_all;

use crate::common::*;
use crate::grpc::PROTO;

/// What a write to a connection that is reset fails with. Linux reports a reset after an end as a
/// broken pipe.
const BROKEN: [ErrorKind; 2] = [ErrorKind::BrokenPipe, ErrorKind::ConnectionReset];

/// Whatever the view makes of them, the bytes are the same, in both directions at once.
#[test]
fn bytes_are_identical_in_every_view() {
    for view in VIEWS {
        let (listener, addr) = listener();
        let mut args = vec!["--as", view];
        if view == "grpc" {
            // Else it would ask this server for its types, over one more connection.
            args.extend(["--proto", PROTO]);
        }
        let wire = Wire::start(addr, &args);
        for (seed, len) in [(1, 1), (2, 1000), (3, 65_536), (4, 3_000_000)] {
            let mut client = wire.connect();
            let mut server = accept(&listener);
            let (there, back) = (noise(seed, len), noise(seed + 100, len));
            let sending = [send(&client, &there), send(&server, &back)];
            let reading = std::thread::spawn(move || read_all(&mut server));
            // Not assert_eq: it would print megabytes.
            let same = read_all(&mut client) == *back && reading.join().unwrap() == *there;
            assert!(same, "{view}: {len} bytes");
            for thread in sending {
                thread.join().unwrap();
            }
        }
    }
}

/// A server that does not read stops the client, and the wire holds only its buffers.
#[test]
fn fifty_megabytes_to_a_slow_reader_in_bounded_memory() {
    const LEN: usize = 50_000_000;
    let (mut wire, mut client, mut server) = Wire::between(&["--json"]);
    let bytes = noise(5, LEN);
    let expected = Arc::clone(&bytes);
    let sent = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&sent);
    let sending = std::thread::spawn(move || {
        for chunk in bytes.chunks(64 * 1024) {
            client.write_all(chunk).unwrap();
            counter.fetch_add(chunk.len(), Ordering::SeqCst);
        }
        client.shutdown(Shutdown::Write).unwrap();
        client
    });

    // Nobody reads: wait until the client has not got rid of anything for a while.
    let mut before = usize::MAX;
    while before != sent.load(Ordering::SeqCst) {
        before = sent.load(Ordering::SeqCst);
        std::thread::sleep(Duration::from_millis(400));
    }
    assert!(
        before < LEN / 2,
        "the client got rid of {before} bytes that nobody reads"
    );

    let mut received = Vec::new();
    let mut buffer = vec![0; 1 << 20];
    loop {
        match server.read(&mut buffer).unwrap() {
            0 => break,
            n => received.extend_from_slice(&buffer[..n]),
        }
        if received.len() < LEN / 10 {
            std::thread::sleep(Duration::from_millis(5));
        }
    }
    assert_eq!(received.len(), LEN);
    assert!(received == *expected);
    let client = sending.join().unwrap();
    let memory = wire.program.most_memory();
    assert!(memory < 32 << 20, "the wire took {memory} bytes of memory");
    drop((client, server));
    assert_eq!(wire.event("closed")["bytes_to_server"], LEN);
}

/// FIN from the client becomes FIN at the server, and the answer still comes back.
#[test]
fn the_clients_half_close_is_followed() {
    let (mut wire, mut client, mut server) = Wire::between(&["--json"]);
    client.write_all(b"question").unwrap();
    client.shutdown(Shutdown::Write).unwrap();
    assert_eq!(read_all(&mut server), b"question");
    server.write_all(b"answer").unwrap();
    drop(server);
    assert_eq!(read_all(&mut client), b"answer");
    let fins = wire.events("fin", 2);
    assert_eq!([&fins[0]["by"], &fins[1]["by"]], ["client", "server"]);
    assert_eq!(wire.event("closed")["how"], "closed");
}

/// The same the other way round: the server has finished, the client goes on.
#[test]
fn the_servers_half_close_is_followed() {
    let (_wire, mut client, mut server) = Wire::between(&[]);
    server.write_all(b"all I know").unwrap();
    server.shutdown(Shutdown::Write).unwrap();
    assert_eq!(read_all(&mut client), b"all I know");
    client.write_all(b"and more").unwrap();
    drop(client);
    assert_eq!(read_all(&mut server), b"and more");
}

#[test]
fn a_reset_by_the_client_reaches_the_server() {
    let (mut wire, mut client, mut server) = Wire::between(&["--json"]);
    client.write_all(b"x").unwrap();
    server.read_exact(&mut [0]).unwrap();
    reset(client);
    let (_, broken) = read_until_broken(&mut server);
    assert_eq!(broken.unwrap_err().kind(), ErrorKind::ConnectionReset);
    assert_eq!(wire.event("reset")["by"], "client");
    assert_eq!(wire.event("closed")["how"], "reset");
}

/// The classic: the server answers, does not read the rest and closes. What it answered
/// before must still arrive.
#[test]
fn a_reset_by_the_server_reaches_the_client_after_the_answer() {
    let (mut wire, mut client, mut server) = Wire::between(&["--json"]);
    // A reset that comes while the wire still connects is a failed connect; not meant here.
    wire.event("connected");
    server.write_all(b"answer").unwrap();
    reset(server);
    let (answer, broken) = read_until_broken(&mut client);
    assert_eq!(answer, b"answer");
    assert_eq!(broken.unwrap_err().kind(), ErrorKind::ConnectionReset);
    assert_eq!(wire.event("reset")["by"], "server");
}

/// A client that has finished and then breaks: nobody reads from it any more, yet the server
/// must learn of it, as it would without a wire.
#[test]
fn a_reset_after_a_half_close_is_noticed() {
    let (_wire, mut client, mut server) = Wire::between(&[]);
    client.write_all(b"question").unwrap();
    client.shutdown(Shutdown::Write).unwrap();
    assert_eq!(read_all(&mut server), b"question");
    reset(client);
    // Without the reset these writes would go on until the deadline.
    let broken = write_until_broken(&mut server);
    assert!(BROKEN.contains(&broken), "{broken:?}");
}

/// The server refuses the rest of a long upload but says why first: the client gets the reason.
#[test]
fn an_answer_before_the_break_is_not_lost_while_the_client_still_sends() {
    let (_wire, mut client, mut server) = Wire::between(&[]);
    let mut sender = client.try_clone().unwrap();
    let sending = std::thread::spawn(move || write_until_broken(&mut sender));
    server.read_exact(&mut [0; 100_000]).unwrap();
    server.write_all(b"too much").unwrap();
    let mut answer = [0; 8];
    client.read_exact(&mut answer).unwrap();
    // Only a socket with unread bytes is closed with RST; without them the client would see FIN first.
    server.peek(&mut [0]).unwrap();
    drop(server);
    assert_eq!(&answer, b"too much");
    // The system tells of a reset once: to whoever reads, or to whoever writes.
    let (_, broken) = read_until_broken(&mut client);
    let seen = [
        sending.join().unwrap(),
        broken.map_or_else(|error| error.kind(), |()| ErrorKind::Other),
    ];
    assert!(seen.contains(&ErrorKind::ConnectionReset), "{seen:?}");
}

/// The same when the server has read everything so far: it closes in the orderly way, and only what the
/// client sends afterwards is refused.
#[test]
fn a_close_while_the_client_still_sends_is_an_end_and_then_a_break() {
    let (_wire, mut client, mut server) = Wire::between(&[]);
    client.write_all(&[7; 100_000]).unwrap();
    server.read_exact(&mut [0; 100_000]).unwrap();
    server.write_all(b"too much").unwrap();
    drop(server);
    assert_eq!(read_all(&mut client), b"too much");
    let broken = write_until_broken(&mut client);
    assert!(BROKEN.contains(&broken), "{broken:?}");
}

#[test]
fn many_connections_at_once_are_numbered_and_kept_apart() {
    let mut wire = Wire::start(server(echo), &["--json"]);
    let clients: Vec<_> = (0..50).map(|_| wire.connect()).collect();
    let mut threads = Vec::new();
    for (n, mut client) in clients.into_iter().enumerate() {
        threads.push(std::thread::spawn(move || {
            let bytes = noise(n, 20_000 + n);
            let sending = send(&client, &bytes);
            assert!(read_all(&mut client) == *bytes, "client {n}");
            sending.join().unwrap();
        }));
    }
    for thread in threads {
        thread.join().unwrap();
    }
    let closed = wire.events("closed", 50);
    let numbers = closed.iter().filter_map(|event| event["conn"].as_u64());
    assert_eq!(numbers.collect::<BTreeSet<_>>(), (1..=50).collect());
}

#[test]
fn more_clients_than_allowed_are_turned_away_and_places_come_back() {
    let addr = server(echo);
    let mut wire = Wire::start(addr, &["--json", "--max-connections", "1"]);
    let mut first = wire.connect();
    first.write_all(b"a").unwrap();
    first.read_exact(&mut [0]).unwrap();
    let (_, broken) = read_until_broken(&mut wire.connect());
    assert_eq!(broken.unwrap_err().kind(), ErrorKind::ConnectionReset);
    let away = wire.event("turned-away");
    assert_eq!((&away["conn"], &away["limit"]), (&2.into(), &1.into()));
    drop(first);
    wire.event("closed");
    // "closed" is said just before the place is given back, so the first tries may be too early.
    let served = (0..1000).any(|_| {
        let mut next = wire.connect();
        let mut byte = [0];
        let answered = next
            .write_all(b"b")
            .and_then(|()| next.read_exact(&mut byte))
            .is_ok();
        std::thread::sleep(Duration::from_millis(if answered { 0 } else { 5 }));
        answered
    });
    assert!(served, "the place is free again");
}

/// No server: the client is closed with words on the screen, and the next client is served.
#[test]
fn without_a_server_the_wire_says_so_and_lives_on() {
    // The port is freed and taken again. On an address of its own, where there is one, no other
    // test can take it in between.
    let own = if cfg!(target_os = "linux") {
        "127.0.0.2:0"
    } else {
        "127.0.0.1:0"
    };
    let freed = std::net::TcpListener::bind(own).unwrap();
    let addr = freed.local_addr().unwrap();
    drop(freed);
    let mut wire = Wire::start(addr, &[]);
    let (got, broken) = read_until_broken(&mut wire.connect());
    assert!(got.is_empty() && broken.is_err());
    wire.line_with(&format!("no server at {addr}: connection refused"));

    let listener = std::net::TcpListener::bind(addr).expect("the port is free again");
    let mut client = wire.connect();
    let mut server = accept(&listener);
    client.write_all(b"now").unwrap();
    server.read_exact(&mut [0; 3]).unwrap();
}

#[test]
fn a_taken_port_is_an_error_with_advice() {
    let (_held, addr) = listener();
    let listen = addr.to_string();
    let output = command(&["--listen", &listen, "--to", "127.0.0.1:9"])
        .output()
        .unwrap();
    let words = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{words}");
    has_all(
        &words,
        &[
            &format!("cannot listen on {addr}: another program listens there already"),
            "--listen 127.0.0.1:0 for any free port",
        ],
    );
}

#[test]
fn a_wrong_command_line_is_status_2_and_help_is_status_0() {
    let wrong = command(&["--listen", "9000"]).output().unwrap();
    assert_eq!(wrong.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&wrong.stderr).contains("--to ADDR is missing"));
    let help = command(&["--help"]).output().unwrap();
    assert_eq!(help.status.code(), Some(0));
    assert!(String::from_utf8_lossy(&help.stdout).contains("--chaos WORDS"));
}

/// Ctrl-C ends at once although connections are open, with a summary.
#[test]
fn signals_end_it_with_a_summary() {
    for name in ["INT", "TERM"] {
        let (wire, mut client) = Wire::to_echo(&[]);
        client.write_all(b"hello").unwrap();
        client.read_exact(&mut [0; 5]).unwrap();
        wire.program.signal(name);
        let (status, lines) = wire.end();
        let summary = "1 connection, 5 bytes to the server, 5 to the client";
        assert!(lines.last().unwrap().ends_with(summary), "{lines:?}");
        assert_eq!(status.code(), Some(0));
    }
}
