//! The check of `sent`. The check plays the receiver, which does not always behave.

mod exercise;
mod given;

use std::thread;
use std::time::Duration;

use given::Delivery;
use testkit::{Case, On, PATIENCE, Peer, Running, case};

/// More than any of these receivers needs.
const AMPLE: Duration = Duration::from_secs(5);

/// Starts the learner's function on one end of a connection; the check plays the receiver.
fn delivering(case: &Case, within: Duration) -> (Running<'_, Delivery>, Peer<'_>) {
    let (stream, receiver) = case.pair();
    let running = case.start("deliver", move || {
        exercise::deliver(stream, "pay 5 to Ann", within)
    });
    (running, receiver)
}

/// Reads the message, as a receiver does.
#[track_caller]
fn take(receiver: &mut Peer<'_>) {
    let better = [On::Silence(
        "The message, with a newline behind it, did not arrive.",
    )];
    receiver.expect("pay 5 to Ann\n", &better);
}

/// Fails unless the report is this one. `late` is the advice where there is no report.
#[track_caller]
fn expect(
    case: &Case,
    expected: Delivery,
    running: Running<'_, Delivery>,
    late: &str,
    advice: &str,
) {
    let answer = running.within(PATIENCE, late);
    if answer != expected {
        case.differ(format!("{expected:?}"), format!("{answer:?}"), advice);
    }
}

// The belief of this exercise: a report before the reply is made of `write` alone.
#[test]
fn a_receipt_is_proof() {
    case("The receiver replies `received`, in one piece", |case| {
        let (running, mut receiver) = delivering(case, AMPLE);
        take(&mut receiver);
        let _ = receiver.try_send("received\n");
        let late = "The whole reply is there, and the function did not return. Read until the newline, not until \
                    the end of the stream.";
        let advice = "The reply is the whole line `received\\n`, and it came in time: the delivery is proven.";
        expect(case, Delivery::Received, running, late, advice);
    });
    case("The receiver replies `received`, in two pieces", |case| {
        let (running, mut receiver) = delivering(case, AMPLE);
        take(&mut receiver);
        thread::sleep(Duration::from_millis(30));
        if running.has_returned() {
            let answer = running.within(PATIENCE, "");
            case.differ(
                "no report before the reply",
                format!("{answer:?}"),
                "You reported before the receiver had replied. A successful `write` only means \
                 that your own system took the bytes. Read the reply first.",
            );
        }
        // An error means that the function has returned; its report is compared below.
        let _ = receiver.try_send("rece");
        thread::sleep(Duration::from_millis(20));
        let _ = receiver.try_send("ived\n");
        expect(
            case,
            Delivery::Received,
            running,
            "The whole reply is there, and the function did not return. Read until the newline, \
             not until the end of the stream.",
            "The receiver replied `received`, in two pieces. Read until the newline: then the \
             delivery is proven.",
        );
    });
}

// The end of the stream is not a reply. The receiver may have crashed before it used the message.
#[test]
fn an_end_is_no_receipt() {
    let late = "The receiver has closed the connection, and the function did not return.";
    case("The receiver reads the line and closes", |case| {
        let (running, mut receiver) = delivering(case, AMPLE);
        take(&mut receiver);
        receiver.close();
        let advice = "`read` returned 0 bytes. The end of the stream is not a reply, so nothing is \
                      proven.";
        expect(case, Delivery::Unknown, running, late, advice);
    });
    for (situation, reply) in [
        ("The receiver replies `rece` and closes", "rece"),
        (
            "The receiver replies `received` without a newline and closes",
            "received",
        ),
        ("The receiver replies `refused`", "refused\n"),
        ("The receiver replies `not received`", "not received\n"),
    ] {
        case(situation, |case| {
            let (running, mut receiver) = delivering(case, AMPLE);
            take(&mut receiver);
            let _ = receiver.try_send(reply);
            receiver.close();
            let advice =
                "This reply is not `received\\n`. Only that whole line proves the delivery.";
            expect(case, Delivery::Unknown, running, late, advice);
        });
    }
}

// The receiver was gone before the first byte, and yet `write` succeeds.
#[test]
fn closed_receiver_is_unknown() {
    case("The receiver has closed before you send", |case| {
        let (stream, receiver) = case.pair();
        receiver.close();
        let running = case.start("deliver", move || {
            exercise::deliver(stream, "pay 5 to Ann", AMPLE)
        });
        let late = "The receiver had closed the connection, and the function did not return.";
        let advice = "No program read this message: `write` succeeded because your own system took \
                      the bytes. Only a reply proves that it was received.";
        expect(case, Delivery::Unknown, running, late, advice);
    });
}

// A sender that waits for a reply must stop waiting at some time.
#[test]
fn silence_is_no_receipt() {
    case("The receiver reads the line and is silent", |case| {
        let (running, mut receiver) = delivering(case, Duration::from_millis(40));
        take(&mut receiver);
        let late = "The function waits for a reply that never comes. Give the read a timeout: \
                    after it the report is `Unknown`.";
        let advice = "No reply came, so nothing is proven.";
        expect(case, Delivery::Unknown, running, late, advice);
    });
}

// A receiver that does not read fills the buffers of both systems, and then `write` waits.
#[test]
fn silence_may_block_the_write() {
    case(
        "A message of 32 MB, and the receiver does not read",
        |case| {
            let (stream, _receiver) = case.pair();
            let message = "pay ".repeat(8 * 1024 * 1024);
            let running = case.start("deliver", move || {
                exercise::deliver(stream, &message, Duration::from_millis(60))
            });
            let late = "The buffers are full, and `write` waits for the receiver without limit. Give \
                    the write a timeout, too.";
            let advice = "No reply came, so nothing is proven.";
            expect(case, Delivery::Unknown, running, late, advice);
        },
    );
}

// The time is for the whole reply. A timeout for each read starts again with each piece of it.
#[test]
fn time_limits_the_whole_receipt() {
    case(
        "One byte of the reply every 60 ms, 250 ms allowed",
        |case| {
            let (running, mut receiver) = delivering(case, Duration::from_millis(250));
            take(&mut receiver);
            for byte in b"received\n" {
                thread::sleep(Duration::from_millis(60));
                let _ = receiver.try_send([*byte]);
            }
            let late = "The reply is complete, and the function did not return.";
            let advice = "The reply was complete after 540 ms, and 250 ms were allowed. Every single \
                      read was in time: compute the deadline once, and let each read wait only for \
                      the time that is left.";
            expect(case, Delivery::Unknown, running, late, advice);
        },
    );
}
