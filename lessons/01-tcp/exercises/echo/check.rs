//! The check of `echo`: four clients, each on a connection of its own.

mod exercise;

use testkit::{On, PATIENCE, case};

// A connection carries more than one message. Whoever waits for the end before answering keeps
// a client waiting that waits for the answer.
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
                    "Send back what each `read` gives, at once. You still wait - for a newline, \
                     or for the end - while the client waits for you.",
                ),
                On::Closed("You hung up before you had answered."),
            ],
        );
        client.send("again");
        client.expect(
            "again",
            &[
                On::Closed(
                    "You answered once and hung up. The client had more to say: read again until \
                     it has finished.",
                ),
                On::Silence("You answered once and then stopped reading."),
                On::Wrong(
                    "Send back only what this `read` has filled, `&buf[..n]`. The rest of the \
                     buffer is older bytes or zeros.",
                ),
            ],
        );
    });
}

// The belief of this exercise. 0 bytes are not "nothing yet": `read` would have waited.
#[test]
fn ends_with_the_client() {
    case("A client that has finished", |case| {
        let (stream, mut client) = case.pair();
        let _echo = case.start("echo", move || exercise::echo(stream));
        client.send("bye");
        client.expect("bye", &[]);
        client.finish();
        client.expect_end(&[
            On::Silence(
                "0 bytes from `read` means that the client has finished; you read on for ever.",
            ),
            On::Wrong("The client had nothing more to say, and you did."),
        ]);
    });
}

// Half-close: the client sends all it has, says so, and only then reads. Nothing may be lost,
// and the count proves that the end was seen.
#[test]
fn returns_the_count() {
    case("10000 bytes, then the end, then reading", |case| {
        let (stream, mut client) = case.pair();
        let echo = case.start("echo", move || exercise::echo(stream));
        let sent: Vec<u8> = (b'a'..=b'z').cycle().take(10_000).collect();
        client.send(&sent);
        client.finish();
        let back = client.read_to_end(&[On::Silence(
            "0 bytes from `read` means that the client has finished; you read on for ever.",
        )]);
        case.expect_eq(
            &sent.len(),
            &back.len(),
            "Not all bytes came back. Every read gives a piece; answer each of them.",
        );
        case.expect_eq(
            &sent,
            &back,
            "The bytes came back in another order or changed.",
        );
        let answer = echo.within(
            PATIENCE,
            "All was sent back, and then `echo` did not return.",
        );
        match answer {
            Ok(count) => {
                case.expect_eq(
                    &10_000u64,
                    &count,
                    "Return the sum over all reads, not the last one.",
                );
            }
            Err(error) => case.fail(
                case.report()
                    .detail("expected", "Ok(10000)")
                    .detail("your answer", testkit::View::view(&error))
                    .advice("A client that finishes politely is no error."),
            ),
        }
    });
}

// Clients break off. That is an error of this one connection, which the caller gets to see.
#[test]
fn takes_a_client_that_breaks_off() {
    case("A client that breaks off", |case| {
        let (stream, mut client) = case.pair();
        let echo = case.start("echo", move || exercise::echo(stream));
        client.send("hello");
        client.reset();
        // Which of the two it is, an error or an end, depends on the system. Both are fine.
        let _either = echo.within(
            PATIENCE,
            "The connection is gone, and you still wait for it.",
        );
    });
}
