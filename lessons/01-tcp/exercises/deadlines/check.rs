//! The check of `deadlines`. The times are short, so that you do not wait; the ratios are those of
//! a client that holds a real server for a minute.

mod exercise;

use std::io::{self, ErrorKind, Write};
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

/// Fails unless the answer is `TimedOut`.
#[track_caller]
fn expect_late(case: &Case, answer: &io::Result<Vec<u8>>) {
    let advice = match answer {
        Ok(_) => {
            "The newline had not arrived when the time was over, so what has arrived is not a \
             request: return `TimedOut`, never a request."
        }
        Err(error) => match error.kind() {
            ErrorKind::WouldBlock => {
                "`WouldBlock` is what Unix calls a read timeout, Windows calls it `TimedOut`. Give \
                 your caller one name on every system."
            }
            ErrorKind::InvalidInput => {
                "`set_read_timeout` refuses a timeout of zero with this error. Check first whether \
                 any time is left."
            }
            _ => "The time was over before the newline arrived: that is `TimedOut`.",
        },
    };
    case.expect_error(ErrorKind::TimedOut, answer, advice);
}

/// Sends `bytes` again and again, with a pause of `pause`, until the function has returned, or for 700 ms.
/// Returns what the function returned and the longest time between two sends.
fn send_on(case: &Case, bytes: &[u8], pause: Duration) -> (Option<io::Result<Vec<u8>>>, Duration) {
    let (request, mut client) = reading(case, ms(100));
    let mut longest = ms(0);
    let mut last = Instant::now();
    while !request.has_returned() && request.elapsed() < ms(700) {
        // An error means that the function has closed the connection: then it has returned as well.
        let _ = client.try_send(bytes);
        longest = longest.max(last.elapsed());
        last = Instant::now();
        thread::sleep(pause);
    }
    let answer = request.has_returned().then(|| request.within(PATIENCE, ""));
    (answer, longest)
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
            Ok(line) => case.expect_eq(&b"GET it"[..], &line[..], "The line without its newline."),
            Err(_) => case.differ(
                "\"GET it\"",
                answer.view(),
                "The whole request arrived within 10 s.",
            ),
        }
    });
}

// The belief of this exercise. Every single read is in time, and the request never ends.
#[test]
fn drip_is_cut_off() {
    case("One byte every 10 ms, a deadline of 100 ms", |case| {
        let mut attempts = 0;
        let answer = loop {
            let (answer, longest) = send_on(case, b".", ms(10));
            attempts += 1;
            // On a busy machine this client may be held up itself. Then a read may time out that
            // should not have, which proves nothing: once more.
            if longest < ms(50) || attempts == 5 {
                break answer;
            }
        };
        let Some(answer) = answer else {
            let advice = "A byte arrived every 10 ms, so every single read was in time, and the \
                          request did not end. Compute the deadline once, and let each read wait \
                          only for the time that is left.";
            case.differ(
                "Err: TimedOut after 100 ms",
                "still reading after 0.7 s",
                advice,
            );
        };
        expect_late(case, &answer);
    });
}

// A read that never waits never times out: the clock must be read as well.
#[test]
fn flood_is_cut_off() {
    case("Bytes without a pause, a deadline of 100 ms", |case| {
        let (answer, _) = send_on(case, &[b'.'; 4096], ms(0));
        let Some(answer) = answer else {
            let advice = "There was always a byte to read, so no read had to wait, and none timed \
                          out. Read the clock before each read, and stop when no time is left.";
            case.differ(
                "Err: TimedOut after 100 ms",
                "still reading after 0.7 s",
                advice,
            );
        };
        expect_late(case, &answer);
    });
}

// A clock that is read between two reads does not end a read that waits.
#[test]
fn silence_is_cut_off() {
    case("A silent client, a deadline of 70 ms", |case| {
        let (request, _client) = reading(case, ms(70));
        let since = Instant::now();
        let advice = "The client sent nothing, and the function did not return: `read` waits without \
                      limit unless it has a timeout.";
        let answer = request.within(PATIENCE, advice);
        // The function began a moment before this clock.
        if since.elapsed() < ms(50) {
            case.differ(
                "Err: TimedOut after 70 ms",
                format!("{} after {} ms", answer.view(), since.elapsed().as_millis()),
                "The client had 70 ms for its request. Do not give up before.",
            );
        }
        expect_late(case, &answer);
    });
}

// An end and a deadline are two things: a caller may want to log the one and count the other.
#[test]
fn the_end_is_no_timeout() {
    case("A client that sends `hel` and closes", |case| {
        let (request, mut client) = reading(case, ms(100));
        client.send("hel");
        client.close();
        let answer = request.within(
            PATIENCE,
            "The client has closed the connection, and the function did not return.",
        );
        let advice = match &answer {
            Ok(_) => "The newline never arrived, so this is not a request.",
            Err(_) => {
                "`read` returned 0 bytes: the client will never send the rest. Report that at \
                 once, as `UnexpectedEof`."
            }
        };
        case.expect_error(ErrorKind::UnexpectedEof, &answer, advice);
    });
}

// A connection that breaks is neither: the caller sees the error of `read`.
#[test]
fn the_error_of_a_broken_connection_is_returned() {
    case("A client that breaks the connection (RST)", |case| {
        let (mut stream, mut client) = case.pair();
        // Bytes that the client has not read: closing the connection then resets it.
        let _ = stream.write_all(b"welcome");
        let request = case.start("read_request", move || {
            exercise::read_request(&mut stream, ms(100))
        });
        client.send("hel");
        client.reset();
        let answer = request.within(
            PATIENCE,
            "The connection is gone, and the function did not return.",
        );
        let advice = "`read` returned an error that is not about time. Give it to the caller as it \
                      is.";
        case.expect_error(ErrorKind::ConnectionReset, &answer, advice);
    });
}
