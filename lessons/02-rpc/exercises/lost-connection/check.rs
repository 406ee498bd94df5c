//! The check of `lost-connection`. Calls wait, and the check, which plays the server, leaves.

mod exercise;

use std::io::Write;
use std::net::TcpStream;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::Instant;

use exercise::{Answer, Calls, Lost};
use testkit::{Case, PATIENCE, Peer, Running, View, case};

/// A connection with a thread that reads its replies.
fn reading(case: &Case) -> (Arc<Calls>, Running<'_, ()>, Peer<'_>) {
    let (stream, server) = case.pair();
    reading_from(case, stream, server)
}

fn reading_from<'c>(
    case: &'c Case,
    stream: TcpStream,
    server: Peer<'c>,
) -> (Arc<Calls>, Running<'c, ()>, Peer<'c>) {
    let calls = Arc::new(Calls::default());
    let of_thread = Arc::clone(&calls);
    let read = case.start("read_replies", move || of_thread.read_replies(stream));
    (calls, read, server)
}

fn view(answer: Answer) -> String {
    match answer {
        Ok(value) => format!("the value {value:?}"),
        Err(Lost) => "Lost".to_string(),
    }
}

/// All of these are told that the connection is lost, and soon.
#[track_caller]
fn expect_lost(case: &Case, calls: &[Receiver<Answer>]) {
    let since = Instant::now();
    let until = since + PATIENCE;
    let mut silent = 0;
    for call in calls {
        let left = until.saturating_duration_since(Instant::now());
        match call.recv_timeout(left) {
            Ok(Err(Lost)) => {}
            Ok(Ok(value)) => {
                let advice = "This value never came whole: a reply ends with a newline, and half \
                              a reply is none. (`lines()` returns what is left at the end of the \
                              stream as if it were a line.)";
                case.differ("Lost", view(Ok(value)), advice);
            }
            Err(RecvTimeoutError::Timeout) => silent += 1,
            Err(RecvTimeoutError::Disconnected) => {
                let advice = "A call was thrown away without a word: its caller must be told \
                              `Lost`, or it cannot tell a lost connection from a bug.";
                case.differ("Lost", "the place for the answer was dropped", advice);
            }
        }
    }
    if silent > 0 {
        let advice = "No reply can come any more, and you are the only one who knows: whoever \
                      reads must tell all who wait, however the reading ended.";
        let calls = if silent == 1 {
            "1 call still waits"
        } else {
            &format!("{silent} calls still wait")
        };
        let answer = format!(
            "the connection closed {} ago; {calls}",
            since.elapsed().view()
        );
        case.differ("Lost, at once", answer, advice);
    }
}

// The belief of this exercise. Before the end silence may mean "not yet". After it, it means never.
#[test]
fn a_call_that_waits_fails_at_once() {
    case("Three calls wait, the server closes", |case| {
        let (calls, _read, server) = reading(case);
        let waiting = [1, 2, 3].map(|id| calls.begin(id));
        server.close();
        expect_lost(case, &waiting);
    });
}

// What came before the end is as good as ever.
#[test]
fn a_reply_before_the_end_counts() {
    case("Three calls, one reply, the end", |case| {
        let (calls, read, mut server) = reading(case);
        let waiting = [1, 2, 3].map(|id| calls.begin(id));
        server.send("2 two\n9 nobody\n");
        server.finish();
        let [one, two, three] = waiting;
        let advice = "Call 2 has its reply. It came whole, before the end.";
        match two.recv_timeout(PATIENCE) {
            Ok(Ok(value)) => case.expect_eq("two", value.as_str(), advice),
            Ok(lost) => case.differ("the value \"two\"", view(lost), advice),
            Err(_) => case.differ("the value \"two\"", "nothing", advice),
        }
        expect_lost(case, &[one, three]);
        read.within(
            PATIENCE,
            "The server has finished, and `read_replies` reads on.",
        );
    });
}

// A crash, a cable, a middle box with a timeout: most connections that end do not end politely.
#[test]
fn a_reset_is_an_end_as_well() {
    case("Two calls wait, the connection is reset", |case| {
        let (mut stream, server) = case.pair();
        // The server does not read this byte: if it throws the connection away, that is a reset.
        stream.write_all(b"?").expect("room for one byte");
        let (calls, _read, server) = reading_from(case, stream, server);
        let waiting = [1, 2].map(|id| calls.begin(id));
        server.reset();
        expect_lost(case, &waiting);
    });
}

// Nobody will read for it any more, so nobody would ever tell it.
#[test]
fn later_calls_fail_at_once() {
    case("A call that begins after the end", |case| {
        let (calls, read, server) = reading(case);
        server.close();
        read.within(
            PATIENCE,
            "The server has closed, and `read_replies` reads on.",
        );
        let late = calls.begin(7);
        match late.recv_timeout(PATIENCE) {
            Ok(Err(Lost)) => {}
            other => {
                let advice = "This call began after the end, when nobody reads for it any more: \
                              remember that the connection is lost, and say so in `begin`.";
                let answer = other.map_or("nothing, it waits".to_string(), view);
                case.differ("Lost, at once", answer, advice);
            }
        }
    });
}

// `1 on` may be the beginning of `1 one`, or of `1 only if you pay`.
#[test]
fn half_a_reply_is_none() {
    case("The connection ends in the middle of a reply", |case| {
        let (calls, _read, mut server) = reading(case);
        let waiting = [calls.begin(1)];
        server.send("1 on");
        server.finish();
        expect_lost(case, &waiting);
    });
}
