//! The command line: the demo tells what the chapter says, and `client` and `cost` call
//! both kinds of Redis.

use std::io::{BufRead, BufReader};
use std::net::{SocketAddr, TcpStream};
use std::process::Stdio;
use std::time::{Duration, Instant};

use crate::support::Side;
use testkit::program::Binary;

const L15: Binary = Binary(env!("CARGO_BIN_EXE_l15-redis"));

#[test]
fn the_demo_tells_the_whole_story() {
    L15.tells(
        &[],
        &[
            "     ──▶  *2\\r\\n$3\\r\\nGET\\r\\n$5\\r\\nother\\r\\n\n",
            "     ◀──  $-1\\r\\n\n",
            "   greet: huohuo hello world, 2\n",
            "   times(\"grace\")  None\n",
            "   TTL name                    (integer) -1\n",
            "   GET login:ada               (nil)   after ",
            "   two visits were added, and the counter shows 11\n",
            "   B: GET reset:41        Some(\"ada\")\n",
            "MULTI, INCR, INCR, EXEC: huohuo 3, all names 1;",
            "   a connection for each        2000 INCRs, 2000 connections",
            "   INCR visits, sent again: 12\n",
            "   It is started again, at ",
            "   greet: huohuo hello world, 1   after ",
        ],
    );
}

#[test]
fn a_demo_that_is_killed_leaves_no_server_behind() {
    let mut demo = L15.command(&[]).stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(demo.stdout.take().unwrap()).lines();
    let first = lines.next().unwrap().unwrap();
    let addr: SocketAddr = first.rsplit(' ').next().unwrap().parse().unwrap();
    assert!(TcpStream::connect(addr).is_ok(), "{first}");
    demo.kill().unwrap();
    demo.wait().unwrap();
    let since = Instant::now();
    while TcpStream::connect(addr).is_ok() {
        let waited = since.elapsed();
        assert!(
            waited < testkit::PATIENCE,
            "a server still listens on {addr}"
        );
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn client_prints_replies_as_redis_cli_does() {
    for side in Side::to_test() {
        let server = side.start();
        let addr = server.addr.to_string();
        let ask = |words: &[&str]| L15.tells(&[&["client", "--addr", &addr], words].concat(), &[]);
        for (words, reply) in [
            (&["SET", "name", "two\nlines"][..], "OK\n"),
            (&["GET", "name"], "\"two\\nlines\"\n"),
            (&["GET", "other"], "(nil)\n"),
            (&["INCRBY", "balance", "5"], "(integer) 5\n"),
            (&["MGET", "balance", "other"], "1) \"5\"\n2) (nil)\n"),
            (
                &["INCR", "name"],
                "(error) ERR value is not an integer or out of range\n",
            ),
        ] {
            assert_eq!(ask(words), reply, "{side}: {words:?}");
        }
        L15.tells(&["cost", "--addr", &addr], &["one pipeline"]);
    }
}

#[test]
fn mistakes_are_told_in_words() {
    let free = testkit::free_port().unwrap();
    let closed = format!("127.0.0.1:{free}");
    L15.refuses_each(&[
        ("nonsense", "there is no `nonsense`"),
        ("client", "say a command"),
        ("client --addr here", "here is no address"),
        ("client --port 1", "--port"),
        (
            &format!("client --addr {closed} PING"),
            "no Redis answers at ",
        ),
    ]);
    L15.tells(&["--help"], &["-- client SET name wire"]);
}
