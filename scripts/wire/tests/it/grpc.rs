//! gRPC through the wire, between a client and a server that are Python's grpcio: every kind of
//! call arrives as without a wire, and is told in words.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::process::Command;
use std::sync::{Arc, Mutex};

use serde_json::Value;
use testkit::program::Program;

use crate::common::*;

/// What the client prints if every call went well.
const PRINTED: &str = "\
one hello 2
count [0, 1, 2]
join a b c
talk ['X', 'Y', 'Z']
gzip 1500
bad NOT_FOUND type.googleapis.com/google.rpc.ErrorInfo
slow DEADLINE_EXCEEDED
first for ever
nope UNIMPLEMENTED
quick quick
waited slow
";

/// The types of the server.
pub const PROTO: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/peer/echo.proto");

fn python(args: &[&str]) -> Command {
    let mut command = Command::new(testkit::python_with_packages());
    let peer = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/peer/grpc_peer.py");
    command.arg(peer).args(args);
    command
}

/// A server of grpcio, and where it listens.
fn serve(args: &[&str]) -> (Program, SocketAddr) {
    let server = Program::start(python(&[&["server"], args].concat()));
    let port: u16 = server.line().expect("a port").parse().expect("a port");
    (server, ([127, 0, 0, 1], port).into())
}

fn client(args: &[&str]) -> String {
    testkit::program::output(python(args))
}

/// What crossed one end of the wire: to the server, to the client.
type Copies = Arc<Mutex<[Vec<u8>; 2]>>;

/// A relay to `to` that keeps a copy of everything.
fn relay(to: SocketAddr) -> (SocketAddr, Copies) {
    let (listener, addr) = listener();
    let copies = Copies::default();
    let all = Arc::clone(&copies);
    std::thread::spawn(move || {
        for near in listener.incoming().flatten() {
            let far = TcpStream::connect(to).unwrap();
            let ends = [(near.try_clone(), far.try_clone()), (Ok(far), Ok(near))];
            for (side, (from, to)) in ends.into_iter().enumerate() {
                let (mut from, mut to) = (from.unwrap(), to.unwrap());
                let copies = Arc::clone(&all);
                std::thread::spawn(move || {
                    let mut buffer = [0; 4096];
                    while let Ok(n @ 1..) = from.read(&mut buffer) {
                        copies.lock().unwrap()[side].extend_from_slice(&buffer[..n]);
                        if to.write_all(&buffer[..n]).is_err() {
                            break;
                        }
                    }
                    let _ = to.shutdown(std::net::Shutdown::Write);
                });
            }
        }
    });
    (addr, copies)
}

fn texts(events: &[Value]) -> Vec<&str> {
    let texts = events.iter().map(|it| it["text"].as_str().unwrap());
    texts.collect()
}

/// The calls as they are seen, and the bytes as they were.
fn every_kind_of_call(args: &[&str], server: &[&str]) -> Vec<Value> {
    let (_server, addr) = serve(server);
    let (behind, after) = relay(addr);
    let mut wire = Wire::start(behind, &[&["--json", "--as", "grpc"], args].concat());
    let (front, before) = relay(wire.addr);
    let port = front.port().to_string();
    assert_eq!(client(&["client", &port]), PRINTED);
    wire.event("closed");
    // Ten, or nine if the server did not answer the call that was given up.
    let status = wire.events("grpc-status", 9);

    let calls = wire.events("grpc-call", 11);
    assert_eq!(calls[0]["path"], "/wire.test.v1.Echo/One");
    assert_eq!(calls[0]["says"], "stream 1  call /wire.test.v1.Echo/One");
    assert!(calls.iter().all(|call| call["timeout"].is_string()));
    for (name, times) in [("OK", 7), ("NOT_FOUND", 1), ("UNIMPLEMENTED", 1)] {
        let found = status.iter().filter(|it| it["name"] == name).count();
        assert!(found >= times, "{name}: {status:?}");
    }
    let bad = status.iter().find(|it| it["code"] == 5).unwrap();
    assert_eq!(bad["message"], "no such thing: 小");
    assert_eq!(
        bad["details"][0]["text"],
        r#"ErrorInfo {reason: "NOT_HERE", domain: "wire"}"#
    );
    // At the deadline either side may be the first.
    let given_up =
        |it: &Value| it["type"] == "RST_STREAM" && it["error"] == "CANCEL" && it["by"] == "client";
    assert!(wire.events("h2-frame", 1).iter().any(given_up));

    // One connection of the client, and nothing of it was touched. The relay behind the wire has
    // seen the wire's own questions as well.
    let before = before.lock().unwrap();
    let after = after.lock().unwrap();
    for (after, before) in after.iter().zip(before.iter()) {
        let found = after.windows(before.len()).any(|it| it == before);
        assert!(found || !args.is_empty() || interleaved(after, before));
    }
    wire.events("grpc-message", 24)
}

/// True if `part` is in `all` in this order, with other bytes between.
fn interleaved(all: &[u8], part: &[u8]) -> bool {
    let mut rest = part;
    for byte in all {
        if rest.first() == Some(byte) {
            rest = &rest[1..];
        }
    }
    rest.is_empty()
}

#[test]
fn every_kind_of_call_by_reflection() {
    let messages = every_kind_of_call(&[], &["reflection"]);
    let texts = texts(&messages);
    assert_eq!(
        texts[..2],
        ["Text {text: \"hello\"}", "Text {text: \"hello\"}"]
    );
    assert!(texts.contains(&"Text {text: \"c\", n: 2}"), "{texts:?}");
    assert!(texts.contains(&"Text {text: \"Z\", n: 2}"), "{texts:?}");
    let gzip: Vec<&Value> = messages
        .iter()
        .filter(|it| it["compressed"] == true)
        .collect();
    assert_eq!(gzip[0]["encoding"], "gzip");
    assert_eq!(gzip[0]["opened_len"], 505);
    assert_eq!(messages[0]["type"], "wire.test.v1.Text");
    assert_eq!(messages[0]["message"]["text"], "hello");
}

#[test]
fn every_kind_of_call_with_a_proto_file() {
    let messages = every_kind_of_call(&["--proto", PROTO], &[]);
    assert_eq!(texts(&messages)[0], "Text {text: \"hello\"}");
}

#[test]
fn without_reflection_fields_have_numbers_and_it_is_said_why() {
    let messages = every_kind_of_call(&["--show", "100"], &[]);
    assert_eq!(texts(&messages)[0], "{1: \"hello\"}");
    assert!(texts(&messages).contains(&"{1: \"c\", 2: 2}"));
}

/// The wire splits and delays; the calls are the same, and are seen as the same.
#[test]
fn every_kind_of_call_in_pieces() {
    let messages = every_kind_of_call(&["--chaos", "split=5"], &["reflection"]);
    assert_eq!(texts(&messages)[0], "Text {text: \"hello\"}");
    assert!(messages.iter().any(|it| it["pieces"].as_u64() > Some(1)));
}

/// 50 MB in calls: the answers are right, and the wire's memory stays what it was.
#[test]
fn fifty_megabytes_of_calls_in_bounded_memory() {
    let (_server, addr) = serve(&["reflection"]);
    let mut wire = Wire::start(addr, &["--json", "--as", "grpc"]);
    let port = wire.addr.port().to_string();
    // 25 calls with 1 MB each way: messages too long to be read, but not to be counted.
    let printed = client(&["load", &port, "25", "1000000"]);
    assert!(printed.starts_with("True "), "{printed}");
    let closed = wire.event("closed");
    assert!(closed["bytes_to_server"].as_u64().unwrap() > 25_000_000);
    let long = wire.event("grpc-message");
    assert_eq!(long["len"], 1_000_004);
    let note = long["note"].as_str().unwrap();
    assert!(note.contains("too long to read it"), "{note}");
    let memory = wire.program.most_memory();
    assert!(memory < 40 << 20, "the wire took {memory} bytes of memory");
}

/// Thousands of small calls on one connection, eight at a time.
#[test]
fn thousands_of_calls() {
    let (_server, addr) = serve(&["reflection"]);
    let mut wire = Wire::start(addr, &["--json", "--as", "grpc"]);
    let port = wire.addr.port().to_string();
    let printed = client(&["load", &port, "3000", "20"]);
    assert!(printed.starts_with("True "), "{printed}");
    wire.event("closed");
    let memory = wire.program.most_memory();
    assert!(memory < 40 << 20, "the wire took {memory} bytes of memory");
}

/// The server starts after the wire: its first client makes the wire ask, and the first call is
/// already shown with names.
#[test]
fn types_are_asked_for_when_the_server_comes_late() {
    let (listener, addr) = listener();
    drop(listener);
    let mut wire = Wire::start(addr, &["--json", "--as", "grpc"]);
    let mut early = wire.connect();
    // Whether that is an end or a reset does not matter here.
    let _ = early.read(&mut [0]);
    wire.event("unreachable");
    assert_eq!(
        wire.seen_now("reflection"),
        0,
        "nobody has asked for types yet"
    );
    let _server = serve(&["reflection", &format!("port={}", addr.port())]);
    let port = wire.addr.port().to_string();
    assert!(client(&["load", &port, "1", "5"]).starts_with("True "));
    assert_eq!(wire.event("reflection")["services"][0], "wire.test.v1.Echo");
    assert_eq!(wire.event("grpc-message")["text"], "Text {text: \"xxxxx\"}");
}

/// A server that answers the wire's question with rubbish: the wire says so and goes on.
#[test]
fn rubbish_instead_of_types_is_said() {
    let addr = server(|mut stream| {
        let _ = stream.write_all(&noise(3, 5000));
        echo(stream);
    });
    let mut wire = Wire::start(addr, &["--json", "--as", "grpc"]);
    let mut client = wire.connect();
    client.write_all(b"hello").unwrap();
    client.read_exact(&mut [0; 5005]).unwrap();
    let told = wire.event("reflection");
    assert!(told["error"].is_string(), "{told}");
    assert_eq!(wire.event("not-http")["tone"], "wrong");
}
