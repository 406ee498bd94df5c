//! The check of `deadlines`. The times are short, so that you do not wait; the ratios are those of
//! a client that holds a real server for a minute.

mod exercise;

use std::io::{self, ErrorKind};
use std::thread;
use std::time::{Duration, Instant};

use testkit::{Case, PATIENCE, Peer, Running, View, case};

const fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

/// Starts the learner's function on one end of a connection; the check plays the other one.
fn reading(case: &Case, within: Duration) -> (Running<'_, io::Result<Vec<u8>>>, Peer<'_>) {
    let (mut stream, client) = case.pair();
    let request = case.start("read_request", move || {
        exercise::read_request(&mut stream, within)
    });
    (request, client)
}

/// Fails unless the answer says that time was up.
#[track_caller]
fn expect_late(case: &Case, answer: &io::Result<Vec<u8>>, advice: &str) {
    if matches!(answer, Err(error) if error.kind() == ErrorKind::WouldBlock) {
        let advice = "`WouldBlock` is what Unix calls a read timeout, Windows calls it `TimedOut`. \
                      Give your caller one name on every system.";
        case.differ("Err: TimedOut", answer.view(), advice);
    }
    case.expect_error(ErrorKind::TimedOut, answer, advice);
}

/// Sends a byte every 10 ms until the function has returned, or for 700 ms. Returns what the
/// function returned and the longest time between two bytes.
fn drip(case: &Case) -> (Option<io::Result<Vec<u8>>>, Duration) {
    let (request, mut client) = reading(case, ms(100));
    let mut longest = ms(0);
    let mut last = Instant::now();
    while !request.has_returned() && request.elapsed() < ms(700) {
        // An error means that you have hung up. That is fine, if you have returned as well.
        let _ = client.try_send(".");
        longest = longest.max(last.elapsed());
        last = Instant::now();
        thread::sleep(ms(10));
    }
    let answer = request.has_returned().then(|| request.within(PATIENCE, ""));
    (answer, longest)
}

// The belief of this exercise. Every single read is in time, and the request never ends.
#[test]
fn a_drip_is_cut_off() {
    case("One byte every 10 ms, a deadline of 100 ms", |case| {
        let mut attempts = 0;
        let answer = loop {
            let (answer, longest) = drip(case);
            attempts += 1;
            // On a busy machine this client may be held up itself. Then a read may time out that
            // should not have, which proves nothing: once more.
            if longest < ms(50) || attempts == 5 {
                break answer;
            }
        };
        let Some(answer) = answer else {
            let advice = "A byte every 10 ms held you, and it could go on for ever; every single \
                          read was in time. Fix the end once, and let each read wait only for \
                          what is left.";
            case.differ(
                "Err: TimedOut after 100 ms",
                "still reading after 0.7 s",
                advice,
            );
        };
        let advice = "Time was up before the newline came: that is `TimedOut`, never a request.";
        expect_late(case, &answer, advice);
    });
}

// A deadline is a limit and no delay: the newline ends the wait at once.
#[test]
fn a_request_in_time_is_returned() {
    case("`GET it` in two pieces, well in time", |case| {
        let (request, mut client) = reading(case, ms(10_000));
        client.send_pieces(&["GET", " it\n"], ms(5));
        let advice = "The newline is there, so the request is complete. Return it; do not wait \
                      for more bytes or for the deadline.";
        let answer = request.within(PATIENCE, advice);
        match &answer {
            Ok(line) => case.expect_eq(&b"GET it"[..], &line[..], "The line, no newline."),
            Err(_) => case.differ("\"GET it\"", answer.view(), "Nothing was late here."),
        }
    });
}

// A clock is of no use to somebody who is asleep.
#[test]
fn silence_is_cut_off() {
    case("A silent client, a deadline of 40 ms", |case| {
        let (request, _client) = reading(case, ms(40));
        let advice = "A silent client held you: `read` waits for ever unless it has a timeout, \
                      and looking at the clock after it is too late.";
        let answer = request.within(PATIENCE, advice);
        let advice = "Nothing came in time: that is `TimedOut`. A timeout of zero is refused with \
                      `InvalidInput`, so ask first whether any time is left.";
        expect_late(case, &answer, advice);
    });
}

// Gone is not late. A caller may want to log the one and count the other.
#[test]
fn the_end_is_no_timeout() {
    case("A client that sends `hel` and hangs up", |case| {
        let (request, mut client) = reading(case, ms(100));
        client.send("hel");
        client.close();
        let answer = request.within(PATIENCE, "The client has gone, and you wait for it.");
        let advice = "`read` gave 0 bytes: the client will never send the rest. Say so at once, \
                      there is nothing to wait for.";
        case.expect_error(ErrorKind::UnexpectedEof, &answer, advice);
    });
}
