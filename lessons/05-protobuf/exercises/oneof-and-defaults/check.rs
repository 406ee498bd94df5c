//! The check of `oneof-and-defaults`. The bytes are laid by hand, as other programs write them.

mod exercise;

use exercise::Mark;
use testkit::{Case, case};

fn hex(bytes: &[u8]) -> String {
    let hex: Vec<String> = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    hex.join(" ")
}

#[track_caller]
fn reads(case: &Case, bytes: &[u8], expected: &Mark, advice: &str) {
    let bytes = [b"\x0a\x03Ada", bytes].concat();
    let answer = exercise::read(&bytes);
    let same = answer
        .as_ref()
        .is_ok_and(|(pupil, mark)| pupil == "Ada" && mark == expected);
    if !same {
        let report = case
            .report()
            .detail("the bytes", hex(&bytes))
            .detail("expected", format!("Ok((\"Ada\", {expected:?}))"))
            .detail("your answer", format!("{answer:?}"));
        case.fail(report.advice(advice));
    }
}

// The belief of this exercise. A field of proto3 that is zero is not sent, and one that was not sent is
// read as zero, unless the schema asks for more.
#[test]
fn a_score_of_zero_is_a_score() {
    case(
        "Nobody has looked at Ada's exam: neither 2 nor 3 is in the bytes",
        |case| {
            let advice = "score 0 and no score look alike in a plain field: both are 0. Ada has no points and no \
                      mark yet, and you have given her the worst one. Let the schema keep the difference: \
                      `optional`, or a `oneof`.";
            reads(case, &[], &Mark::Open, advice);
        },
    );
    case("Ada has 0 points, and they were sent: 10 00", |case| {
        let advice = "score 0 and no score look alike in a plain field: both are 0. Here the field was sent. \
                      Let the schema keep the difference: `optional`, or a `oneof`.";
        reads(case, &[0x10, 0x00], &Mark::Points(0), advice);
    });
    case("Ada has 17 points", |case| {
        reads(
            case,
            &[0x10, 17],
            &Mark::Points(17),
            "The number 2 holds the points.",
        );
    });
    case("Ada was ill", |case| {
        let advice = "The number 3 holds the excuse.";
        reads(case, b"\x1a\x03ill", &Mark::Excused("ill".into()), advice);
    });
}

// Nothing keeps a writer from sending both: two programs may have added their part. Every reader must
// come to the same end.
#[test]
fn both_are_there_and_the_last_one_counts() {
    let advice = "Both are in the bytes, and the last one counts. Two fields that know nothing of each other \
                  cannot say which came last; the fields of a `oneof` can: each one that is read takes the \
                  other away.";
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
}

// The other direction: what other programs find in your bytes.
#[test]
fn what_is_set_is_written() {
    for (mark, tail) in [
        (Mark::Open, &b""[..]),
        (Mark::Points(17), b"\x10\x11"),
        (Mark::Points(0), b"\x10\x00"),
        (Mark::Excused("ill".into()), b"\x1a\x03ill"),
        (Mark::Excused(String::new()), b"\x1a\x00"),
    ] {
        case(&format!("Writing {mark:?} for Ada"), |case| {
            let expected = [b"\x0a\x03Ada", tail].concat();
            let answer = exercise::write("Ada", &mark);
            if answer != expected {
                let advice = if answer.len() < expected.len() {
                    "What is zero, or empty, leaves no trace in a plain field. This one is set, and must be \
                     seen by others: two bytes, a tag and a 0."
                } else {
                    "Numbers and kinds are fixed: other programs read the value as it stands there, and \
                     know nothing of an agreement that is only in your code."
                };
                case.differ(hex(&expected), hex(&answer), advice);
            }
        });
    }
    for mark in [Mark::Open, Mark::Points(0), Mark::Excused(String::new())] {
        case(&format!("Writing {mark:?} and reading it again"), |case| {
            let bytes = exercise::write("Ada", &mark);
            let advice = "What is written must be read as the same.";
            match exercise::read(&bytes) {
                Ok((pupil, back)) if pupil == "Ada" && back == mark => {}
                other => case.differ(format!("{mark:?}"), format!("{other:?}"), advice),
            }
        });
    }
}
