//! The check of `sent`. The check plays the receiver, and not always a good one.

mod exercise;

use std::thread;
use std::time::Duration;

use exercise::Delivery;
use testkit::{Case, On, PATIENCE, Running, case};

const HANGS: &str = "You wait for a receipt that never comes. Give the read a timeout: after it \
                     the answer is `Unknown`.";

/// More than any of these receivers needs: who uses it up waits for something that never comes.
const AMPLE: Duration = Duration::from_secs(5);

/// Fails unless this is what was reported.
#[track_caller]
fn expect(case: &Case, expected: Delivery, running: Running<'_, Delivery>, advice: &str) {
    let answer = running.within(PATIENCE, HANGS);
    if answer != expected {
        case.differ(format!("{expected:?}"), format!("{answer:?}"), advice);
    }
}

// The belief of this exercise. The receiver was gone before the first byte, and `write` said Ok.
#[test]
fn a_closed_receiver_has_nothing() {
    case("The receiver has closed before you send", |case| {
        let (stream, receiver) = case.pair();
        receiver.close();
        let answer = case.start("deliver", move || {
            exercise::deliver(stream, "pay 5 to Ann", AMPLE)
        });
        let advice = "`write` said Ok after the peer had closed: it only means that your own \
                      system took the bytes. Only a reply proves that it was received.";
        expect(case, Delivery::Unknown, answer, advice);
    });
}

// A receipt comes in pieces, as everything does.
#[test]
fn a_receipt_is_proof() {
    case("The receiver answers `received`, in two pieces", |case| {
        let (stream, mut receiver) = case.pair();
        let answer = case.start("deliver", move || {
            exercise::deliver(stream, "pay 5 to Ann", AMPLE)
        });
        receiver.expect(
            "pay 5 to Ann\n",
            &[On::Silence(
                "Send the message and a newline, then wait for the receipt.",
            )],
        );
        // An error only says that you have not waited; the report you made is what counts.
        let _ = receiver.try_send("rece");
        thread::sleep(Duration::from_millis(20));
        let _ = receiver.try_send("ived\n");
        let advice = "The receiver said `received`, in two pieces. Read until the newline: then \
                      the delivery is proven.";
        expect(case, Delivery::Received, answer, advice);
    });
}

// An end is not an answer. The receiver may have crashed with your message in its hands.
#[test]
fn an_end_is_no_receipt() {
    for (situation, said) in [
        (
            "The receiver reads everything and closes without a word",
            "",
        ),
        ("The receiver says `rece` and closes", "rece"),
        ("The receiver says `refused`", "refused\n"),
    ] {
        case(situation, |case| {
            let (stream, mut receiver) = case.pair();
            let answer = case.start("deliver", move || {
                exercise::deliver(stream, "pay 5 to Ann", AMPLE)
            });
            receiver.expect("pay 5 to Ann\n", &[]);
            let _ = receiver.try_send(said);
            receiver.close();
            let advice = "That was no receipt. Only the whole line `received` proves the delivery; \
                          anything else, also a polite end, leaves it unknown.";
            expect(case, Delivery::Unknown, answer, advice);
        });
    }
}

// Somebody who waits for a proof must be able to stop waiting.
#[test]
fn silence_is_no_receipt() {
    case("The receiver reads everything and stays silent", |case| {
        let (stream, mut receiver) = case.pair();
        let answer = case.start("deliver", move || {
            exercise::deliver(stream, "pay 5 to Ann", Duration::from_millis(40))
        });
        receiver.expect("pay 5 to Ann\n", &[]);
        expect(
            case,
            Delivery::Unknown,
            answer,
            "No receipt came, so nothing is proven.",
        );
    });
}
