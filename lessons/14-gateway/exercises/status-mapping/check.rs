//! The check of `status-mapping`. It plays the catalogue of a library, which fails in many ways, and reads as a
//! browser would what the web desk makes of it.

mod exercise;
mod given;

use std::time::Duration;

use exercise::{Answer, Code, Failure, answer};
use services::testkit::{Case, case};

fn failure(code: Code, message: &str) -> Failure {
    Failure {
        code,
        message: message.to_string(),
        back_in: None,
    }
}

/// The status line as people say it.
fn spelt(status: u16) -> String {
    let reason = match status {
        200 => "OK",
        400 => "Bad Request",
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "Not Found",
        409 => "Conflict",
        429 => "Too Many Requests",
        500 => "Internal Server Error",
        501 => "Not Implemented",
        502 => "Bad Gateway",
        503 => "Service Unavailable",
        504 => "Gateway Timeout",
        _ => return status.to_string(),
    };
    format!("{status} {reason}")
}

/// Asks for the answer to this failure, which must have this status.
#[track_caller]
fn expect(case: &Case, failure: &Failure, status: u16, advice: &str) -> Answer {
    let got = answer(failure);
    if got.status != status {
        case.differ(spelt(status), spelt(got.status), advice);
    }
    got
}

fn header<'a>(answer: &'a Answer, name: &str) -> Option<&'a str> {
    let mut headers = answer.headers.iter();
    let found = headers.find(|(its_name, _)| its_name.eq_ignore_ascii_case(name))?;
    Some(&found.1)
}

// The belief of this exercise.
#[test]
fn a_nobody_has_this_book() {
    case("No such book: `no book 4711 in this library`", |case| {
        let failure = failure(Code::NotFound, "no book 4711 in this library");
        let advice = "NOT_FOUND is 404: the desk is well, the catalogue is well, and the reader has asked for a \
                      book that is not there. A 500 tells programs to try again, and wakes up whoever is on duty.";
        let got = expect(case, &failure, 404, advice);
        if !got.message.contains("4711") {
            let advice = "The reader has made the mistake, so he should be told which: this message is for him.";
            case.differ("the message of the catalogue", got.message, advice);
        }
    });
}

#[test]
fn b_the_request_is_wrong() {
    for (situation, code, message, advice) in [
        (
            "A year in letters",
            Code::InvalidArgument,
            "year: not a number",
            "Whatever is in the catalogue, this request is wrong: 400, and nobody asks it again unchanged.",
        ),
        (
            "Page 900 of a list of 30",
            Code::OutOfRange,
            "page: there are 30",
            "The reader has asked for something that is not in the range: 400. It is no fault of ours.",
        ),
        (
            "A renewal of a book that was not borrowed",
            Code::FailedPrecondition,
            "borrow it first",
            "Something else has to be done first, by the reader: 400. (Not 503: asking again does not help. Not \
             412: that is for the headers `If-Match` and its like.)",
        ),
    ] {
        case(situation, |case| {
            let got = expect(case, &failure(code, message), 400, advice);
            let advice = "Who should change his request has to be told what is wrong with it.";
            case.expect_eq(message, got.message.as_str(), advice);
        });
    }
}

// Two answers that sound alike.
#[test]
fn c_who_are_you_and_may_you() {
    case("A reader without a library card", |case| {
        let failure = failure(Code::Unauthenticated, "a card, please");
        let advice = "Nobody knows who it is: 401, \"say who you are\". Its name in the standard, Unauthorized, is \
                      an old mistake.";
        let got = expect(case, &failure, 401, advice);
        if header(&got, "www-authenticate").is_none() {
            let advice = "A 401 must say how one can say who one is: a header `WWW-Authenticate`, here with \
                          `Bearer` (RFC 9110, section 11.6.1).";
            let headers = format!("headers {:?}", got.headers);
            case.differ("a header `www-authenticate`", headers, advice);
        }
    });
    case("A reader who asks for the poison cabinet", |case| {
        let failure = failure(Code::PermissionDenied, "not for readers");
        let advice = "Everybody knows who it is, and it may not: 403. After a 401 a program would ask for the card \
                      again, which changes nothing.";
        expect(case, &failure, 403, advice);
    });
}

#[test]
fn d_somebody_was_faster() {
    for (situation, code, advice) in [
        (
            "A second card with the same number",
            Code::AlreadyExists,
            "It is there already: 409. The request is well-formed (no 400), and nothing is broken (no 500).",
        ),
        (
            "Two readers reserve the last copy",
            Code::Aborted,
            "Somebody else was faster: 409. The reader may look again and decide anew.",
        ),
    ] {
        case(situation, |case| {
            expect(case, &failure(code, "somebody was faster"), 409, advice);
        });
    }
}

#[test]
fn e_come_back_later() {
    let waiting = |code, ms| Failure {
        back_in: Some(Duration::from_millis(ms)),
        ..failure(code, "later")
    };
    let busy = "The catalogue is not there now and will be: 503. Programs and caches know what that is: try again, \
                somewhere else or later. A 500 says that somebody has to repair something.";
    case("The catalogue is being moved, for 30 s", |case| {
        let got = expect(case, &waiting(Code::Unavailable, 30_000), 503, busy);
        let advice = "You know when it is back, and the browser does not: a header `Retry-After`, in whole seconds.";
        let after = header(&got, "retry-after").unwrap_or("none").to_string();
        case.expect_eq("30", after.as_str(), advice);
    });
    case("A reader has asked a thousand times today", |case| {
        let advice = "This reader has used up his share: 429. Others may go on, so it is no 503: a load balancer \
                      would think that this desk is down.";
        let got = expect(case, &waiting(Code::ResourceExhausted, 1_500), 429, advice);
        let advice = "`Retry-After` counts in whole seconds. After 1.5 s is not after 1 s: whoever comes too early \
                      is refused again. Round up.";
        let after = header(&got, "retry-after").unwrap_or("none").to_string();
        case.expect_eq("2", after.as_str(), advice);
    });
    case("Nobody knows when the catalogue is back", |case| {
        let got = expect(case, &failure(Code::Unavailable, "away"), 503, busy);
        if let Some(after) = header(&got, "retry-after") {
            let advice = "`back_in` is `None`. A made-up time is worse than none.";
            case.differ("no `retry-after`", format!("after {after} s"), advice);
        }
    });
}

#[test]
fn f_behind_the_desk() {
    case("The catalogue did not answer in time", |case| {
        let advice = "The desk is well, and what it has asked was too slow: 504. It may have run all the same, which \
                      is not so after a 503; so the difference is worth a number.";
        expect(
            case,
            &failure(Code::DeadlineExceeded, "too slow"),
            504,
            advice,
        );
    });
    case("This catalogue cannot search by colour", |case| {
        let advice = "There is no such method in this catalogue: 501. It is not broken, and will not be there in a \
                      minute either.";
        expect(
            case,
            &failure(Code::Unimplemented, "no search by colour"),
            501,
            advice,
        );
    });
}

// What is broken inside is our business.
#[test]
fn g_what_broke_stays_inside() {
    for (situation, code) in [
        ("The disk of the catalogue is full", Code::Internal),
        ("Nobody knows what has happened", Code::Unknown),
        ("Half of the cards have burnt", Code::DataLoss),
    ] {
        case(situation, |case| {
            let secret = "/srv/cards.db: disk full, wrong password `tulip`";
            let advice =
                "This is no fault of the reader, and it does not pass by itself: 500, for once.";
            let got = expect(case, &failure(code, secret), 500, advice);
            let all = format!("{} {:?}", got.message, got.headers);
            if all.contains("/srv") || all.contains("tulip") {
                let advice = "That text is for whoever repairs it. On a page it is a leak: paths, passwords, other \
                              readers. Say that something is broken, and write the text into your own log.";
                case.differ("nothing of the inside", got.message, advice);
            }
            if got.message.is_empty() {
                let advice = "Say that something is broken: an empty page looks like a success.";
                case.differ("a few words", "an empty message", advice);
            }
        });
    }
}
