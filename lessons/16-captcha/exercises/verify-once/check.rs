//! The check of `verify-once`: the site's own store on the readable Redis, and it counts how many answers are accepted.

mod exercise;

use exercise::{Unavailable, Verdict, verify};
use l16_captcha::checks::{World, all, list, situation, within};
use services::testkit::Case;

const KEY: &str = "captcha:ada:7f";

/// One in which Ada's captcha `7f` waits, issued for the request `a1`, with the code 4711.
async fn start() -> World {
    let world = World::start().await;
    world.put(KEY, "a1 4711", 300).await;
    world
}

/// An answer to captcha `7f`.
async fn answer(
    case: &Case,
    world: &World,
    session: &str,
    typed: &str,
) -> Result<Verdict, Unavailable> {
    within(case, verify(&world.store, session, "7f", typed)).await
}

fn expect(
    case: &Case,
    world: &World,
    right: Verdict,
    got: Result<Verdict, Unavailable>,
    advice: &str,
) {
    if got != Ok(right) {
        case.fail(
            (case.report())
                .detail("expected", format!("{right:?}"))
                .detail("your answer", format!("{got:?}"))
                .detail("commands sent", list(&world.sent()))
                .advice(advice),
        );
    }
}

const GONE: &str = "No record is stored after the first answer, and then the verdict is `Unknown`.";

// The belief of this exercise: a captcha is used up by success alone.
#[test]
fn a_one_answer() {
    situation(
        "The code is 4711. Ada answers 4712, and then 4711",
        async |case| {
            let world = start().await;
            let first = answer(case, &world, "ada", "4712").await;
            expect(
                case,
                &world,
                Verdict::Wrong,
                first,
                "The first answer, 4712, is not the code.",
            );
            let second = answer(case, &world, "ada", "4711").await;
            let advice = match second {
                Ok(Verdict::Wrong) => GONE,
                _ => {
                    "This was the second answer, and after the first one the code was still valid. A program needs no eyes then: \
                     it tries 0000 to 9999 on one picture. An answer uses a captcha up, whatever the verdict."
                }
            };
            expect(case, &world, Verdict::Unknown, second, advice);
        },
    );
    situation(
        "The code is 4711. Ada answers 4711, and then 4711 again",
        async |case| {
            let world = start().await;
            let first = answer(case, &world, "ada", "4711").await;
            expect(
                case,
                &world,
                Verdict::Accepted,
                first,
                "The first answer, 4711, is the code.",
            );
            let second = answer(case, &world, "ada", "4711").await;
            let advice = match second {
                Ok(Verdict::Wrong) => GONE,
                _ => {
                    "This was the second answer. The same code was good twice: one person who reads one picture could let a \
                     thousand programs in."
                }
            };
            expect(case, &world, Verdict::Unknown, second, advice);
        },
    );
}

#[test]
fn b_many_at_the_same_time() {
    situation(
        "Ten programs send the right answer at the same moment",
        async |case| {
            let world = start().await;
            let calls = (0..10).map(|_| verify(&world.store, "ada", "7f", "4711"));
            let verdicts = within(case, all(calls)).await;
            let count = |verdict| verdicts.iter().filter(|got| **got == verdict).count();
            let (accepted, unknown) = (count(Ok(Verdict::Accepted)), count(Ok(Verdict::Unknown)));
            if (accepted, unknown) != (1, 9) {
                let advice = if accepted > 1 {
                    "Between `look` and `take` the others look as well, and see the same code. Only one call gets what `take` removes: \
                 judge by that."
                } else if accepted == 0 {
                    "One of ten right answers must be accepted."
                } else {
                    "The captcha was used up by the first answer. For the others there is none any more."
                };
                let right = "1 Accepted, 9 Unknown";
                case.fail(
                    (case.report())
                        .detail("expected", right)
                        .detail(
                            "your answers",
                            format!(
                                "{accepted} Accepted, {unknown} Unknown, {} other",
                                10 - accepted - unknown
                            ),
                        )
                        .detail("commands sent", list(&world.sent()))
                        .advice(advice),
                );
            }
        },
    );
}

#[test]
fn c_no_record() {
    for (name, session, id) in [
        (
            "No captcha has this id, and the answer is empty",
            "ada",
            "8a",
        ),
        ("The session is empty, and so is the answer", "", "7f"),
    ] {
        situation(name, async |case| {
            let world = start().await;
            let verdict = within(case, verify(&world.store, session, id, "")).await;
            let advice = "There is no such captcha. A missing record is not an empty code: otherwise a program that has asked for \
                          no picture answers with an empty text, and is accepted.";
            expect(case, &world, Verdict::Unknown, verdict, advice);
        });
    }
    situation(
        "Ada answers 4711 after 301 s; the record was kept for 300 s",
        async |case| {
            let world = start().await;
            world.pass(301);
            let verdict = answer(case, &world, "ada", "4711").await;
            let advice = "The record has expired, so the right code is unknown.";
            expect(case, &world, Verdict::Unknown, verdict, advice);
        },
    );
    situation("Ada answers 4711 after 299 s", async |case| {
        let world = start().await;
        world.pass(299);
        let verdict = answer(case, &world, "ada", "4711").await;
        expect(
            case,
            &world,
            Verdict::Accepted,
            verdict,
            "The record is still there.",
        );
    });
}

#[test]
fn d_the_whole_code() {
    for typed in [
        "", "4", "47", "471", "1", "711", "04711", "47110", "a1", "a1 ", "a1 4711", " ", " 4711",
        "4711 ", "1147", "7",
    ] {
        situation(
            &format!("The record is `a1 4711`, and Ada answers {typed:?}"),
            async |case| {
                let world = start().await;
                let verdict = answer(case, &world, "ada", typed).await;
                let advice = "The code is 4711, what follows the space. An answer is right if it equals the code, all of it.";
                expect(case, &world, Verdict::Wrong, verdict, advice);
                let after = answer(case, &world, "ada", "4711").await;
                let advice = "This was the second answer: the first one has used the captcha up.";
                expect(case, &world, Verdict::Unknown, after, advice);
            },
        );
    }
    for record in ["a1 ", "a1", ""] {
        for typed in ["", "a1"] {
            situation(
                &format!("The record is {record:?}, without a code, and Ada answers {typed:?}"),
                async |case| {
                    let world = World::start().await;
                    world.put(KEY, record, 300).await;
                    let verdict = answer(case, &world, "ada", typed).await;
                    let advice = "A fault elsewhere has stored a record without a code. No answer is right then.";
                    expect(case, &world, Verdict::Wrong, verdict, advice);
                },
            );
        }
    }
}

#[test]
fn e_another_session() {
    situation(
        "Bob has seen Ada's picture, and answers 4711 in his session",
        async |case| {
            let world = start().await;
            let bob = answer(case, &world, "bob", "4711").await;
            let advice = if bob == Ok(Verdict::Wrong) {
                "In Bob's session there is no such captcha. `Unknown` tells the browser to ask for a picture of its own."
            } else {
                "A captcha belongs to the session that has asked for it. Otherwise one person reads pictures, and programs \
             everywhere send the answers."
            };
            expect(case, &world, Verdict::Unknown, bob, advice);
            let ada = answer(case, &world, "ada", "4711").await;
            let advice = "Bob answered first, in another session, and Ada's captcha was used up by it. A client that knows an id could \
                      keep Ada out.";
            expect(case, &world, Verdict::Accepted, ada, advice);
        },
    );
}

#[test]
fn f_the_store_is_unavailable() {
    for typed in ["4711", ""] {
        situation(
            &format!("Redis does not run, and Ada answers {typed:?}"),
            async |case| {
                let store = start().await.stop().await;
                let got = within(case, verify(&store, "ada", "7f", typed)).await;
                unavailable(case, got);
            },
        );
    }
    situation(
        "Redis runs each command, and its replies get lost",
        async |case| {
            let world = start().await;
            world.lose_replies();
            let got = answer(case, &world, "ada", "4711").await;
            unavailable(case, got);
        },
    );
}

fn unavailable(case: &Case, got: Result<Verdict, Unavailable>) {
    if got != Err(Unavailable) {
        let advice = "The code is unknown, and the record may be gone. That is no verdict: the caller needs the error of the store.";
        case.differ("Err(Unavailable)", format!("{got:?}"), advice);
    }
}
