//! The check of `status-mapping`: failed calls with each code, and what the browser gets for them.

mod exercise;
mod given;

use std::time::Duration;

use exercise::{Answer, Code, Failure, answer};
use testkit::{Case, case};

fn failure(code: Code, message: &str) -> Failure {
    Failure {
        code,
        message: message.to_string(),
        retry_in: None,
    }
}

/// The status with its reason.
fn with_reason(status: u16) -> String {
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

/// Asks for the answer to this failure, which must have this status. The advice is for `mistaken` alone, if that is given.
#[track_caller]
fn expect(
    case: &Case,
    failure: &Failure,
    status: u16,
    mistaken: Option<u16>,
    advice: &str,
) -> Answer {
    let got = answer(failure);
    if got.status != status {
        let advice = match mistaken.is_none_or(|mistaken| got.status == mistaken) {
            true => advice,
            false => "Step 6 of the chapter has the status of each code.",
        };
        case.differ(with_reason(status), with_reason(got.status), advice);
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
fn a_not_found() {
    case("NOT_FOUND: `no book 4711`", |case| {
        let failure = failure(Code::NotFound, "no book 4711");
        let advice = "NOT_FOUND is 404: no program has a fault, and the client has asked for a book that is not there. A 500 \
                      says that the server has to be repaired.";
        let got = expect(case, &failure, 404, Some(500), advice);
        if !got.message.contains("4711") {
            let advice = "This message is for the client: it names what was not found.";
            case.differ("the message of the service", got.message, advice);
        }
    });
}

#[test]
fn b_the_request_is_wrong() {
    for (situation, code, message, advice) in [
        (
            "INVALID_ARGUMENT: a year in letters",
            Code::InvalidArgument,
            "year: not a number",
            "This request is wrong, whatever the state of the service is: 400. Repeating it without a change does not help.",
        ),
        (
            "OUT_OF_RANGE: page 900 of a list of 30",
            Code::OutOfRange,
            "page: there are 30",
            "The client has asked for something outside of the range: 400. The server has no fault.",
        ),
        (
            "FAILED_PRECONDITION: a book is renewed that was not borrowed",
            Code::FailedPrecondition,
            "borrow it first",
            "Another request of the client has to come first: 400. (Not 503: repeating this one does not help. Not 412: that is \
             about the header `If-Match`.)",
        ),
    ] {
        case(situation, |case| {
            let got = expect(case, &failure(code, message), 400, None, advice);
            let advice =
                "The client should change its request: the message says what is wrong with it.";
            case.expect_eq(message, got.message.as_str(), advice);
        });
    }
}

// Two codes that are often confused.
#[test]
fn c_authentication_and_permission() {
    case("UNAUTHENTICATED: a request without a token", |case| {
        let failure = failure(Code::Unauthenticated, "a token is needed");
        let advice = "The caller is not known: 401, which asks it to log in. (The reason of 401 is Unauthorized, but it is about \
                      authentication.)";
        let got = expect(case, &failure, 401, Some(400), advice);
        if header(&got, "www-authenticate").is_none() {
            let others = [
                Code::InvalidArgument,
                Code::PermissionDenied,
                Code::NotFound,
            ];
            let elsewhere = others.map(|code| answer(&self::failure(code, "")));
            let advice = match elsewhere
                .iter()
                .any(|it| header(it, "www-authenticate").is_some())
            {
                true => "Another status has the header `WWW-Authenticate`. It belongs to 401.",
                false => {
                    "A 401 must name a way to log in: the header `WWW-Authenticate`, here with `Bearer` (RFC 9110, \
                     section 11.6.1)."
                }
            };
            let headers = format!("headers {:?}", got.headers);
            case.differ("a header `www-authenticate`", headers, advice);
        }
    });
    case(
        "PERMISSION_DENIED: a known caller asks for a report of the operator",
        |case| {
            let failure = failure(Code::PermissionDenied, "only for operators");
            let advice = "The caller is known, and may not do this: 403. After a 401 a program would log in again, which changes \
                      nothing.";
            expect(case, &failure, 403, Some(401), advice);
        },
    );
}

#[test]
fn d_another_caller_was_faster() {
    for (situation, code, advice) in [
        (
            "ALREADY_EXISTS: a second book with the same number",
            Code::AlreadyExists,
            "It is there already: 409. The request is well-formed, so it is no 400. No program has a fault, so it is no 500.",
        ),
        (
            "ABORTED: two callers reserve the last copy",
            Code::Aborted,
            "Another caller was faster: 409. This one can read again and decide anew.",
        ),
    ] {
        case(situation, |case| {
            expect(
                case,
                &failure(code, "another caller was faster"),
                409,
                None,
                advice,
            );
        });
    }
}

#[test]
fn e_later() {
    let waiting = |code, ms| Failure {
        retry_in: Some(Duration::from_millis(ms)),
        ..failure(code, "later")
    };
    let busy = "The service is not there now, and will be: 503. Programs and caches know what that means: try again later, or \
                another instance. A 500 says that the server has to be repaired.";
    case(
        "UNAVAILABLE; the service knows that it is back in 30 s",
        |case| {
            let got = expect(
                case,
                &waiting(Code::Unavailable, 30_000),
                503,
                Some(500),
                busy,
            );
            let advice = "The service knows when it is back. The client learns it from the header `Retry-After`, in whole seconds.";
            let after = header(&got, "retry-after").unwrap_or("none").to_string();
            case.expect_eq("30", after.as_str(), advice);
        },
    );
    case(
        "RESOURCE_EXHAUSTED; the next call is allowed in 1.5 s",
        |case| {
            let advice = "This client has used up its share: 429. Other clients have not, so it is no 503: a load balancer would \
                      leave this server out.";
            let got = expect(
                case,
                &waiting(Code::ResourceExhausted, 1_500),
                429,
                None,
                advice,
            );
            let after = header(&got, "retry-after").unwrap_or("none").to_string();
            let advice = match after.as_str() {
                "1" => {
                    "`Retry-After` counts whole seconds. A client that comes after 1 s is 0.5 s too early, and is refused \
                     again. Round up."
                }
                _ => "`Retry-After` has the time of `retry_in` in whole seconds, rounded up.",
            };
            case.expect_eq("2", after.as_str(), advice);
        },
    );
    case(
        "UNAVAILABLE; the service knows that it is back in 60.06 s",
        |case| {
            let got = expect(
                case,
                &waiting(Code::Unavailable, 60_060),
                503,
                Some(500),
                busy,
            );
            let advice = "After 60 s the service is not back yet. Round up.";
            let after = header(&got, "retry-after").unwrap_or("none").to_string();
            case.expect_eq("61", after.as_str(), advice);
        },
    );
    case(
        "UNAVAILABLE; the service does not know when it is back",
        |case| {
            let got = expect(
                case,
                &failure(Code::Unavailable, "away"),
                503,
                Some(500),
                busy,
            );
            if let Some(after) = header(&got, "retry-after") {
                let advice = "`retry_in` is `None`: there is no time to tell. Clients would believe an invented one.";
                case.differ("no `retry-after`", format!("after {after} s"), advice);
            }
        },
    );
}

#[test]
fn f_too_slow_and_not_there() {
    case("DEADLINE_EXCEEDED", |case| {
        let advice = "The service behind the gateway was too slow: 504. The call may have run. A 503 says that it can be \
                      repeated.";
        expect(
            case,
            &failure(Code::DeadlineExceeded, "too slow"),
            504,
            Some(503),
            advice,
        );
    });
    case("UNIMPLEMENTED: no search by colour", |case| {
        let advice =
            "The service has no such method: 501. It has no fault, and waiting does not help.";
        expect(
            case,
            &failure(Code::Unimplemented, "no search by colour"),
            501,
            None,
            advice,
        );
    });
}

#[test]
fn g_words_about_the_inside() {
    for (situation, code) in [
        ("INTERNAL: the disk is full", Code::Internal),
        ("UNKNOWN: the cause is not known", Code::Unknown),
        ("DATA_LOSS: half of the rows are gone", Code::DataLoss),
    ] {
        case(situation, |case| {
            let secret = "/srv/cards.db: disk full, wrong password `tulip`";
            let advice = "This is no fault of the client, and waiting does not help: 500.";
            let got = expect(case, &failure(code, secret), 500, None, advice);
            let all = format!("{} {:?}", got.message, got.headers);
            if all.contains("/srv") || all.contains("tulip") {
                let search = failure(Code::Unimplemented, "no search by colour");
                let advice = match answer(&search).message.contains("colour") {
                    true => {
                        "That text is for the operator, in the log. In an answer it is an information leak: paths, passwords, other \
                         users. The answer only says that the service has a fault."
                    }
                    false => "The text of UNIMPLEMENTED is hidden, and this one is not.",
                };
                case.differ("nothing of this text", got.message, advice);
            }
            if got.message.is_empty() {
                let advice = "The body says that the service has a fault. An empty body tells the client nothing.";
                case.differ("a few words", "an empty message", advice);
            }
        });
    }
}
