//! The check of `oneof-and-defaults`. The bytes were written by hand, as other programs write them.

mod exercise;

use exercise::Mark;
use testkit::{Case, case};

fn hex(bytes: &[u8]) -> String {
    let hex: Vec<String> = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    hex.join(" ")
}

/// Reads the bytes behind the name Ada. The advice depends on what came.
#[track_caller]
fn reads(case: &Case, bytes: &[u8], expected: &Mark, advice: impl Fn(&Mark) -> String) {
    let bytes = [b"\x0a\x03Ada", bytes].concat();
    let answer = exercise::read(&bytes);
    let advice = match &answer {
        Ok((pupil, mark)) if pupil == "Ada" && mark == expected => return,
        Ok((pupil, _)) if pupil != "Ada" => "Field 1 is the name of the pupil: Ada.".to_string(),
        Ok((_, mark)) => advice(mark),
        Err(_) => "`read` returned an error for bytes that are a correct message.".to_string(),
    };
    let report = case.report().detail("the bytes", hex(&bytes));
    let report = report.detail("expected", format!("Ok((\"Ada\", {expected:?}))"));
    case.fail(
        report
            .detail("your answer", format!("{answer:?}"))
            .advice(advice),
    )
}

// Fields that are set, with values that are not 0.
#[test]
fn a_values_are_read() {
    case("Ada has 17 points", |case| {
        reads(case, &[0x10, 17], &Mark::Points(17), |_| {
            "Field 2 holds the points.".to_string()
        });
    });
    case("Ada was ill", |case| {
        let ill = Mark::Excused("ill".into());
        reads(case, b"\x1a\x03ill", &ill, |_| {
            "Field 3 holds the excuse.".to_string()
        });
    });
}

// The belief of this exercise: a field that reads as 0 was sent as 0.
#[test]
fn b_zero_and_not_set_differ() {
    case(
        "The exam is not marked: neither field 2 nor field 3 is in the bytes",
        |case| {
            reads(case, &[], &Mark::Open, |mark| {
                match mark {
            Mark::Points(0) => "No points were sent, and your code gave Ada 0 points, the worst result. A plain field reads \
                                as 0 when it was not sent. Let the schema keep the difference: `optional`, or a `oneof`."
                .to_string(),
            other => format!("No field was sent, and your code read {other:?}."),
        }
            });
        },
    );
    case("Ada has 0 points, and they were sent: 10 00", |case| {
        reads(case, &[0x10, 0x00], &Mark::Points(0), |mark| {
            match mark {
            Mark::Open => "Points were sent, and their value is 0. Your code took them for \"not set\". A plain field cannot tell \
                           the two apart: let the schema do it, with `optional` or a `oneof`."
                .to_string(),
            other => format!("The points were sent, and your code read {other:?}."),
        }
        });
    });
    case(
        "Ada was absent, and the reason was sent, empty: 1a 00",
        |case| {
            let excused = Mark::Excused(String::new());
            reads(case, b"\x1a\x00", &excused, |mark| {
                format!("An excuse was sent, and its text is empty. Your code read {mark:?}.")
            });
        },
    );
}

// Two programs may each have added their part. All readers must come to the same result.
#[test]
fn c_last_one_counts() {
    let advice = |mark: &Mark| {
        format!(
            "Both fields are in the bytes, and your code took {mark:?}, which is not the last one. Two fields of their own cannot \
             say which came last. The fields of a `oneof` can: each one that is read clears the other."
        )
    };
    case("5 points, and behind them an excuse", |case| {
        reads(
            case,
            b"\x10\x05\x1a\x03ill",
            &Mark::Excused("ill".into()),
            advice,
        );
    });
    case("An excuse, and behind it 5 points", |case| {
        reads(case, b"\x1a\x03ill\x10\x05", &Mark::Points(5), advice);
    });
    case("5 points, an excuse, and 0 points", |case| {
        reads(
            case,
            b"\x10\x05\x1a\x03ill\x10\x00",
            &Mark::Points(0),
            advice,
        );
    });
}

// Half a message is an error, and no result.
#[test]
fn e_cut_message_is_an_error() {
    case("The bytes end inside the points", |case| {
        let answer = exercise::read(b"\x0a\x03Ada\x10");
        if answer.is_ok() {
            let advice =
                "The bytes end inside a field, so `Paper::decode` fails. Pass its error on.";
            case.differ("an error", format!("{answer:?}"), advice);
        }
    });
}

// The other direction: the bytes that other programs read.
#[test]
fn d_result_is_written() {
    for (mark, tail) in [
        (Mark::Points(17), &b"\x10\x11"[..]),
        (Mark::Points(0), b"\x10\x00"),
        (Mark::Points(u32::MAX), b"\x10\xff\xff\xff\xff\x0f"),
        (Mark::Excused("ill".into()), b"\x1a\x03ill"),
        (Mark::Excused(String::new()), b"\x1a\x00"),
        (Mark::Open, b""),
    ] {
        case(&format!("Writing {mark:?} for Ada"), |case| {
            let expected = [b"\x0a\x03Ada", tail].concat();
            let answer = exercise::write("Ada", &mark);
            if answer == expected {
                return;
            }
            let advice = if answer == b"\x0a\x03Ada" {
                "The result is not in your bytes. A plain field that is 0 or empty is not written. This one is set, so \
                 other programs must find it: a tag and a 0."
            } else if matches!(mark, Mark::Open) {
                "The exam is not marked, and your bytes have a result. Other programs read it as one."
            } else {
                "Your bytes hold another value than the result has. Other programs read it as it is written: they do not know of \
                 a rule that is only in your code."
            };
            case.differ(hex(&expected), hex(&answer), advice);
        });
    }
}
