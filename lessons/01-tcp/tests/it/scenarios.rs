//! What every greeting server must do, whatever it is made of. Each scenario gets a function that
//! starts a server; `tests/blocking.rs` and `tests/nonblocking.rs` run all of them.

use std::io;
use std::net::SocketAddr;
use std::sync::mpsc::Receiver;
use std::time::{Duration, Instant};

use l01_tcp::protocol::Settings;
use testkit::{PATIENCE, Peer, case};

/// A running server of either kind.
pub struct Server {
    pub addr: SocketAddr,
    pub stop: Box<dyn FnOnce()>,
    pub returned: Receiver<io::Result<()>>,
}

pub type Start = fn(Settings) -> Server;

/// Limits that nothing in a scenario meets by accident.
fn generous() -> Settings {
    Settings {
        max_line: 64,
        line_timeout: Duration::from_secs(20),
        max_clients: 50,
        ..Settings::default()
    }
}

pub fn many_clients_at_once(start: Start) {
    case(
        "Twenty clients, all connected, the first one last",
        |case| {
            let server = start(generous());
            let mut clients: Vec<Peer<'_>> =
                (0..20).map(|_| case.connect(server.addr, &[])).collect();
            for (number, client) in clients.iter_mut().enumerate().rev() {
                client.send(format!("client {number}\n"));
                client.expect(format!("client {number} hello world\n"), &[]);
            }
        },
    );
}

pub fn split_and_joined_writes(start: Start) {
    case("One name in many writes, many names in one", |case| {
        let server = start(generous());
        let mut client = case.connect(server.addr, &[]);
        client.send_byte_by_byte("gopher\n", Duration::from_millis(2));
        client.expect("gopher hello world\n", &[]);
        client.send("ada\n你好\n\nhal");
        client.expect("ada hello world\n你好 hello world\n hello world\n", &[]);
        client.send("f\n");
        client.expect("half hello world\n", &[]);
    });
}

pub fn half_close_still_gets_the_answer(start: Start) {
    case(
        "A client that sends all it has, finishes, and then reads",
        |case| {
            let server = start(generous());
            let mut client = case.connect(server.addr, &[]);
            client.send("one\ntwo\n");
            client.finish();
            client.expect("one hello world\ntwo hello world\n", &[]);
            client.expect_end(&[]);
        },
    );
    case("A client that finishes in the middle of a line", |case| {
        let server = start(generous());
        let mut client = case.connect(server.addr, &[]);
        client.send("on");
        client.finish();
        client.expect("error: the line has no end\n", &[]);
        client.expect_end(&[]);
    });
}

pub fn too_long_a_line(start: Start) {
    case("A line of 64 bytes is allowed, one of 65 is not", |case| {
        let server = start(generous());
        let mut client = case.connect(server.addr, &[]);
        client.send("x".repeat(64) + "\n");
        client.expect("x".repeat(64) + " hello world\n", &[]);
        client.send("x".repeat(65));
        client.expect("error: the line is too long\n", &[]);
        client.expect_end(&[]);
    });
    case(
        "A line that is far too long: the reason arrives all the same",
        |case| {
            let server = start(generous());
            let mut client = case.connect(server.addr, &[]);
            client.send("x".repeat(30_000));
            client.expect("error: the line is too long\n", &[]);
            client.expect_gone(&[]);
        },
    );
}

pub fn invalid_utf8(start: Start) {
    case("Bytes that are no text", |case| {
        let server = start(generous());
        let mut client = case.connect(server.addr, &[]);
        client.send(b"\xe4\xbd\n");
        client.expect("error: the line is not UTF-8\n", &[]);
        client.expect_end(&[]);
    });
}

pub fn slow_clients_are_evicted(start: Start) {
    let settings = Settings {
        line_timeout: Duration::from_millis(400),
        ..generous()
    };
    case("One byte every 10 ms, and a deadline of 400 ms", |case| {
        let server = start(settings);
        let mut client = case.connect(server.addr, &[]);
        let since = Instant::now();
        while client.try_send("x").is_ok() && since.elapsed() < Duration::from_millis(600) {
            std::thread::sleep(Duration::from_millis(10));
        }
        let mut client = client.patience(PATIENCE);
        client.expect("error: the line took too long\n", &[]);
        client.expect_gone(&[]);
    });
    case("A client that never says a word", |case| {
        let server = start(settings);
        let mut client = case.connect(server.addr, &[]);
        client.expect("error: the line took too long\n", &[]);
        client.expect_end(&[]);
    });
    case(
        "Several lines, each in time, together longer than one deadline",
        |case| {
            let server = start(settings);
            let mut client = case.connect(server.addr, &[]);
            for _ in 0..5 {
                std::thread::sleep(Duration::from_millis(120));
                client.send("wire\n");
                client.expect("wire hello world\n", &[]);
            }
        },
    );
}

pub fn the_connection_limit(start: Start) {
    case("Three clients, and two are allowed", |case| {
        let server = start(Settings {
            max_clients: 2,
            ..generous()
        });
        let mut first = case.connect(server.addr, &[]);
        first.send("first\n");
        first.expect("first hello world\n", &[]);
        let mut second = case.connect(server.addr, &[]);
        second.send("second\n");
        second.expect("second hello world\n", &[]);

        let mut third = case.connect(server.addr, &[]);
        third.expect("error: too many clients, try again later\n", &[]);
        third.expect_end(&[]);

        // One more client is served as soon as another one has left.
        first.finish();
        first.expect_end(&[]);
        let served = "later hello world".to_string();
        case.expect_soon(
            &served,
            "The connection that has ended is still counted.",
            || {
                let mut later = case.connect(server.addr, &[]);
                // The connection of a refused client may be closed before it has sent a byte.
                let _ = later.try_send("later\n");
                later.read_line(&[])
            },
        );
    });
}

pub fn shutdown_ends_everything(start: Start) {
    case(
        "A server that is told to stop while clients are connected",
        |case| {
            let server = start(generous());
            let mut busy = case.connect(server.addr, &[]);
            busy.send("half a na");
            let mut idle = case.connect(server.addr, &[]);
            idle.send("idle\n");
            idle.expect("idle hello world\n", &[]);

            (server.stop)();
            let returned = server.returned.recv_timeout(PATIENCE);
            assert!(matches!(returned, Ok(Ok(()))), "{returned:?}");
            busy.expect_gone(&[]);
            idle.expect_gone(&[]);
            let again = std::net::TcpStream::connect(server.addr).map_err(|error| error.kind());
            assert_eq!(again.err(), Some(io::ErrorKind::ConnectionRefused));
        },
    );
}
