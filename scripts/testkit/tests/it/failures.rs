//! What a learner reads when a check fails, pinned: these texts are the product.

use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::thread;
use std::time::Duration;

use testkit::program::has_all;
use testkit::{Case, On, case};

use crate::exercise;

/// The text of the failure that `body` must end in.
fn failure(situation: &str, body: impl FnOnce(&Case)) -> String {
    let payload = catch_unwind(AssertUnwindSafe(|| case(situation, body)))
        .expect_err("this situation must fail");
    *payload.downcast::<String>().expect("a failure is a text")
}

#[test]
fn two_values_that_differ() {
    let text = failure("A frame that arrives in two pieces", |case| {
        case.expect_eq("hello", "hel", "One read returns what has arrived so far.");
    });
    assert_eq!(
        text,
        "A frame that arrives in two pieces\n\
         \x20 expected     \"hello\"\n\
         \x20 your answer  \"hel\"\n\
         → One read returns what has arrived so far."
    );
}

#[test]
fn a_right_answer_is_silent() {
    case("Nothing wrong", |case| {
        case.expect_eq(&5u64, &5u64, "");
        let server = case.serve("serve", |listener| {
            let (mut stream, _) = listener.accept()?;
            io::copy(&mut stream.try_clone()?, &mut stream)?;
            Ok(())
        });
        let mut client = server.connect();
        client.send_byte_by_byte("hello\n", Duration::from_millis(1));
        client.expect("hello\n", &[]);
        client.finish();
        client.expect_end(&[]);
    });
}

#[test]
fn silence_is_not_waited_for_for_ever() {
    let text = failure("A client waits", |case| {
        let (held, peer) = case.pair();
        let mut peer = peer.patience(Duration::from_millis(50));
        (&held).write_all(b"hel").unwrap();
        peer.expect("hello", &[On::Silence("You stopped in the middle.")]);
    });
    assert_eq!(
        text,
        "A client waits\n\
         \x20 expected     \"hello\"\n\
         \x20 your answer  \"hel\", then nothing for 50 ms\n\
         → You stopped in the middle."
    );
}

#[test]
fn closed_before_the_answer() {
    let text = failure("A client asks", |case| {
        let (gone, mut peer) = case.pair();
        drop(gone);
        peer.expect("hello", &[]);
    });
    let words = [
        "your answer  the connection was closed\n",
        "→ The server closed before it had answered",
    ];
    has_all(&text, &words);
}

#[test]
fn thrown_away_with_bytes_unread() {
    let text = failure("A client asks", |case| {
        let (gone, mut peer) = case.pair();
        peer.send("a question");
        // The bytes are there, and nobody reads them.
        gone.peek(&mut [0]).unwrap();
        drop(gone);
        peer.expect("hello", &[]);
    });
    let words = [
        "the connection was reset",
        "→ The connection was thrown away",
    ];
    has_all(&text, &words);
}

#[test]
fn refused() {
    let text = failure("A second client calls", |case| {
        let server = case.serve("serve", |_| Ok(()));
        // The listener is gone as soon as the function has returned.
        thread::sleep(Duration::from_millis(50));
        server.connect();
    });
    let words = [
        "your answer       connection refused",
        "`serve` returned  Ok(()), so nobody accepts any more",
        "→ Nobody listens at this address (any more)",
    ];
    has_all(&text, &words);
}

#[test]
fn other_bytes_and_more_bytes() {
    let text = failure("A client asks", |case| {
        let (mut near, mut peer) = case.pair();
        near.write_all(b"hullo").unwrap();
        peer.expect("hello", &[]);
    });
    has_all(
        &text,
        &["your answer  \"hullo\"\n→ These are not the bytes"],
    );

    let text = failure("A client asks", |case| {
        let (mut near, mut peer) = case.pair();
        near.write_all(b"hello!").unwrap();
        peer.expect("hello", &[]);
        peer.expect_end(&[]);
    });
    has_all(&text, &["your answer  \"!\"\n→ More bytes came"]);
}

#[test]
fn a_panic_in_another_thread_is_a_failure_with_its_place() {
    let text = failure("A client breaks off", |case| {
        let server = case.serve("serve", |listener| {
            let (stream, _) = listener.accept()?;
            let worker = thread::spawn(move || exercise::read(stream));
            let _ = worker.join();
            Ok(())
        });
        let mut client = server.connect();
        client.send("x");
        client.expect("y", &[]);
    });
    assert!(
        text.starts_with("A client breaks off\n  your code panicked  "),
        "{text}"
    );
    let words = ["exercise.rs:", "with                bad luck"];
    has_all(&text, &words);
}

#[test]
fn a_panic_that_nobody_else_notices_fails_the_case() {
    let text = failure("A background task", |_| {
        let _ = thread::spawn(exercise::unwrap_a_reset).join();
    });
    let words = [
        "kind: ConnectionReset",
        "→ The connection was thrown away",
        "a crash that waits",
    ];
    has_all(&text, &words);
}

#[test]
fn a_todo_in_the_same_thread_has_words() {
    let text = failure("The first step", |_| exercise::todo());
    has_all(&text, &["→ This part is still a `todo!`"]);
}

#[test]
fn a_function_that_does_not_return() {
    let text = failure("A client says nothing", |case| {
        let advice = "0 bytes mean that the client has finished.";
        case.run_within(Duration::from_millis(20), "echo", advice, || {
            thread::sleep(Duration::from_secs(5));
        });
    });
    let words = [
        "expected     `echo` returns within 20 ms",
        "your answer  still running after ",
        "→ 0 bytes mean",
    ];
    has_all(&text, &words);
}

#[test]
fn a_peer_that_resets() {
    case("A reset", |case| {
        let (mut near, peer) = case.pair();
        near.write_all(b"an answer").unwrap();
        peer.reset();
        let error = near
            .read(&mut [0; 8])
            .expect_err("the connection was thrown away");
        assert_eq!(error.kind(), io::ErrorKind::ConnectionReset);
    });
}

#[test]
fn nobody_calls() {
    let text = failure("A client that never calls", |case| {
        case.listen().accept(&[On::Silence("Connect first.")]);
    });
    has_all(&text, &["nobody called for 0.5 s\n→ Connect first."]);
}

#[test]
fn a_listening_check_is_called() {
    case("A client calls", |case| {
        let listening = case.listen();
        let addr = listening.addr();
        let asked = case.start("ask", move || -> io::Result<u8> {
            let mut stream = TcpStream::connect(addr)?;
            let mut byte = [0];
            stream.read_exact(&mut byte)?;
            Ok(byte[0])
        });
        listening.accept(&[]).send([7]);
        let answer = asked.within(Duration::from_secs(1), "");
        assert_eq!(answer.unwrap(), 7);
    });
}

#[test]
fn pieces_come_one_a_read() {
    case("Two pieces", |case| {
        let mut pieces = case.pieces(["hel", "lo"]);
        let mut buf = [0; 16];
        assert_eq!(pieces.read(&mut buf).unwrap(), 3);
        assert_eq!(pieces.rest(), b"lo");
        assert_eq!(pieces.read(&mut buf[..1]).unwrap(), 1);
        assert_eq!(pieces.read(&mut buf).unwrap(), 1);
        assert_eq!(pieces.read(&mut buf).unwrap(), 0);
    });
}

#[test]
fn reading_on_after_the_message() {
    let text = failure("All is here", |case| {
        let mut pieces = case.pieces(["hello"]).then_silence();
        let _ = exercise::read_all(&mut pieces);
    });
    assert!(
        text.starts_with("All is here\n  expected     an answer, now"),
        "{text}"
    );
    has_all(&text, &["on a real one that read waits"]);
}

#[test]
fn a_loop_at_the_end_is_noticed() {
    let text = failure("The client has finished", |case| {
        exercise::read_for_ever(&mut case.pieces(["hello"]));
    });
    has_all(&text, &["your answer  1000 more reads"]);
}

#[test]
fn cases_do_not_nest() {
    let text = catch_unwind(|| case("outer", |_| case("inner", |_| {})));
    let text = text.expect_err("this would wait for ever");
    assert!(
        text.downcast_ref::<String>()
            .unwrap()
            .contains("do not nest")
    );
}
