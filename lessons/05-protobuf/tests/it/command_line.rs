//! The binary: the demo, two terminals, and its error messages.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Instant;

use testkit::program::{PATIENCE as TIMEOUT, Server, is_gone};

use crate::support::{L05, ours};

#[test]
fn the_demo_runs_and_leaves_no_process() {
    let out = L05.tells(
        &[],
        &[
            "4  41 64 61            \"Ada\"",
            "44 + 2 * 128 = 300",
            "1, WEEKDAY_MONDAY",
            "\"teacher\":\"san\"",
            "98 bytes of JSON, 24 of protobuf",
            "client writes 7 bytes",
            "06 0a 04 77 69 72 65",
            "0c 0a 0a 68 65 6c 6c 6f 20 77 69 72 65",
            "a message of 2147483647 bytes, and 65536 are allowed",
            "buffer underflow",
            "a request without a name",
            "the message took too long",
            "email \"ada@example.org\", phones [], last_updated None",
            "OldPerson { name: \"Ada\", id: 1, email: \"ada@example.org\", fax: \"\" }",
            "105 bytes have become 26",
        ],
    );
    is_gone(&out, "server, process ");
}

#[test]
fn two_terminals() {
    let server = ours(&[]);
    let addr = server.addr.to_string();
    let (good, out, err) = L05.run(&["client", "--addr", &addr, "Ada", "你好"]);
    assert!(good, "{err}");
    assert_eq!(out, "hello Ada\nhello 你好\n");
    let (good, _, err) = L05.run(&["client", "--addr", &addr, ""]);
    assert!(!good);
    assert!(
        err.contains("the connection ended without a reply"),
        "{err}"
    );
}

/// The next line of the server, without the address.
fn says(server: &Server) -> String {
    let line = server.program.line().unwrap();
    line.split_once(": ").unwrap().1.to_string()
}

fn dial(addr: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect(addr).unwrap();
    stream.set_read_timeout(Some(TIMEOUT)).unwrap();
    stream
}

/// Nothing comes any more; with unread bytes the end is a reset.
fn expect_end(stream: &mut TcpStream) {
    match stream.read(&mut [0; 16]) {
        Ok(0) => {}
        Err(error) if error.kind() == std::io::ErrorKind::ConnectionReset => {}
        other => panic!("{other:?}"),
    }
}

/// A message that is too long is refused by its length; nothing of it has to come.
#[test]
fn a_message_has_a_limit() {
    let server = ours(&["--message", "100"]);
    let mut client = dial(server.addr);
    client.write_all(&[0xff, 0xff, 0xff, 0xff, 0x07]).unwrap();
    expect_end(&mut client);
    let refused = "a message of 2147483647 bytes, and 100 are allowed";
    assert_eq!(says(&server), refused);
}

/// The time is for the whole of a message, however slowly it comes.
#[test]
fn a_message_has_a_deadline() {
    let server = ours(&["--time-ms", "300"]);
    let mut client = dial(server.addr);
    client.write_all(&[0x06, 0x0a]).unwrap();
    expect_end(&mut client);
    assert_eq!(says(&server), "the message took too long");
}

#[test]
fn clients_have_a_limit() {
    let server = ours(&["--clients", "1"]);
    let first = dial(server.addr);
    let mut second = dial(server.addr);
    expect_end(&mut second);
    assert_eq!(says(&server), "too many clients");
    drop(first);
    // The next client is served as soon as the permit is free.
    let addr = server.addr.to_string();
    let until = Instant::now() + TIMEOUT;
    let served = || L05.run(&["client", "--addr", &addr, "Ada"]).0;
    while !served() {
        assert!(Instant::now() < until, "no client is served any more");
    }
}

#[test]
fn measure_prints_a_plot_and_a_row() {
    L05.tells(
        &["measure"],
        &[
            "Size in bytes.",
            "Written and read once",
            "a student                       protobuf       24  ####",
            "Bytes of the call: 7 there, 13 back",
            "| 05 protobuf | 20 | ",
        ],
    );
}

#[test]
fn a_taken_port_is_a_clear_error() {
    L05.refuses_a_taken_port("l05-protobuf", 8081, &[]);
}

#[test]
fn no_server_is_a_clear_error() {
    // Port 1 has been out of use for decades, and no test is given it as a free one.
    let args = ["client", "--addr", "127.0.0.1:1", "wire"];
    L05.refuses(&args, "no server answers at");
}

#[test]
fn help_helps_and_mistakes_point_to_it() {
    L05.tells(
        &["--help"],
        &[
            "-- server",
            "-- client",
            "-- measure",
            "--addr",
            "--time-ms",
        ],
    );
    L05.refuses(&["sever"], "there is no `sever`; `--help`");
    L05.refuses(&["client"], "Give a name");
    let example = "an address looks like 127.0.0.1:8080";
    L05.refuses(&["server", "--addr", "8080"], example);
    L05.refuses(&["server", "now"], "one word too many");
}

#[cfg(unix)]
#[test]
fn signals_end_the_server_at_once_and_cleanly() {
    // A client in the middle of a message must not delay the end.
    L05.ends_on_signals(&[], &[0x06, 0x0a]);
}
