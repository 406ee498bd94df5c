//! The check of `echo`: five clients, each on a connection of its own.

mod exercise;

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};

use testkit::{Case, On, PATIENCE, View, case};

const ENDLESS: &str = "The client has finished sending, and the function goes on reading. 0 bytes from \
                       `read` mean that no more bytes will arrive.";

/// What to say where nothing comes back while the client waits: whether anything comes back after its end tells why.
fn silence(case: &Case) -> &'static str {
    let listening = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let addr = listening.local_addr().expect("an address");
    let mut client = TcpStream::connect(addr).expect("a connection");
    let (stream, _) = listening.accept().expect("a client");
    let _echo = case.start("echo", move || exercise::echo(stream));
    client.write_all(b"hello\n").expect("sent");
    client.shutdown(Shutdown::Write).expect("an end");
    let _ = client.set_read_timeout(Some(PATIENCE));
    if !client.read(&mut [0]).is_ok_and(|n| n > 0) {
        return "Nothing was sent back, not even after the end of the stream. Write what each `read` returns.";
    }
    "Nothing came back while the client waited. A function such as `read_to_end` waits for the end of the stream, and \
     a `BufWriter` keeps the answer until it is flushed. Send back what each `read` returns, at once."
}

// The plainest client: one line, and then it waits for the answer.
#[test]
fn answers_a_line() {
    case("A client that sends a line and waits", |case| {
        let (stream, mut client) = case.pair();
        let _echo = case.start("echo", move || exercise::echo(stream));
        client.send("hello\n");
        client.expect(
            "hello\n",
            &[
                On::Silence(silence(case)),
                On::Closed("The connection was closed before the line was sent back."),
            ],
        );
    });
}

// A connection carries more than one message, and not each of them ends with a newline.
#[test]
fn answers_at_once() {
    case("A client that waits for each answer", |case| {
        let (stream, mut client) = case.pair();
        let _echo = case.start("echo", move || exercise::echo(stream));
        client.send("hello");
        client.expect(
            "hello",
            &[
                On::Silence(
                    "A line was sent back, but these bytes were not: they have no newline. Do not \
                     wait for one; send back what each `read` returns.",
                ),
                On::Closed("The connection was closed before the bytes were sent back."),
            ],
        );
        client.send("again");
        client.expect(
            "again",
            &[
                On::Closed(
                    "The first bytes were sent back, and then the connection was closed. The \
                     client had more to send: read again until it has finished.",
                ),
                On::Silence("The first bytes were sent back, and then nothing more was read."),
                On::Wrong(
                    "Send back only what this `read` has filled, `&buf[..n]`. The rest of the \
                     buffer is older bytes or zeros.",
                ),
            ],
        );
    });
}

// The belief of this exercise. 0 bytes do not mean "nothing yet": `read` would have waited.
#[test]
fn ends_with_the_client() {
    case("A client that has finished sending", |case| {
        let (stream, mut client) = case.pair();
        let _echo = case.start("echo", move || exercise::echo(stream));
        client.send("bye");
        client.expect("bye", &[]);
        client.finish();
        client.expect_end(&[
            On::Silence(ENDLESS),
            On::Wrong("More bytes came back than the client had sent."),
        ]);
    });
}

// Half-close: the client sends all it has, finishes, and only then reads. No byte may be lost,
// and the count proves that the end was seen.
#[test]
fn returns_the_count() {
    const SENT: usize = 10_007;
    case("10007 bytes, then the end, then reading", |case| {
        let (stream, mut client) = case.pair();
        let echo = case.start("echo", move || exercise::echo(stream));
        let sent: Vec<u8> = (b'a'..=b'z').cycle().take(SENT).collect();
        client.send(&sent);
        client.finish();
        let back = client.read_to_end(&[On::Silence(ENDLESS)]);
        case.expect_eq(
            &format!("{SENT} bytes back"),
            &format!("{} bytes back", back.len()),
            "Each read returns a piece. Send back each of them, and each only once.",
        );
        case.expect_eq(
            &sent,
            &back,
            "The number of bytes is right, but their order or their values changed.",
        );
        let answer = echo.within(
            PATIENCE,
            "All bytes were sent back, and then the function did not return.",
        );
        match answer {
            Ok(count) => {
                case.expect_eq(
                    &format!("Ok({SENT})"),
                    &format!("Ok({count})"),
                    "Return the sum over all reads.",
                );
            }
            Err(error) => case.differ(
                format!("Ok({SENT})"),
                error.view(),
                "The client finished in order, with a half-close. That is not an error.",
            ),
        }
    });
}

// A broken connection is an error of this connection alone, and the caller sees it as a value.
#[test]
fn survives_a_broken_connection() {
    case("A client that breaks the connection (RST)", |case| {
        let (stream, mut client) = case.pair();
        let echo = case.start("echo", move || exercise::echo(stream));
        client.send("hello");
        client.reset();
        let answer = echo.within(
            PATIENCE,
            "The connection is gone, and the function did not return.",
        );
        if let Ok(count) = answer {
            case.differ(
                "Err, for example ConnectionReset",
                format!("Ok({count})"),
                "The client did not finish, its connection broke: `read` returned an error. Give \
                 it to the caller.",
            );
        }
    });
}
