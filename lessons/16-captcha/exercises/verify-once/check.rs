//! The check of `verify-once`. It plays the store, and counts who gets in.

mod exercise;

use std::collections::BTreeMap;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::{Mutex, MutexGuard};
use std::task::Poll;
use std::time::Duration;

use exercise::{Away, Store, Verdict, verify};
use services::testkit::driven::{self, Clock, Stuck};
use services::testkit::{Case, case};

type Kept = BTreeMap<String, (String, Duration)>;

/// A store that several callers share: each step is a journey there, a moment in which it happens, and a
/// journey back.
struct TheStore {
    clock: Clock,
    away: bool,
    /// What is kept, and until when.
    kept: Mutex<Kept>,
}

impl TheStore {
    /// One in which Ada's captcha `1` waits for 4711, made for the request `a1`.
    fn new() -> Self {
        let store = TheStore {
            clock: Clock::new(),
            away: false,
            kept: Mutex::default(),
        };
        store.put("captcha:ada:1", "a1 4711");
        store
    }

    fn put(&self, key: &str, value: &str) {
        let until = self.until(300);
        self.kept()
            .insert(key.to_string(), (value.to_string(), until));
    }

    /// What is there now.
    fn kept(&self) -> MutexGuard<'_, Kept> {
        let mut kept = self.kept.lock().unwrap();
        let now = self.clock.now();
        kept.retain(|_, (_, until)| *until > now);
        kept
    }

    async fn step<T>(&self, step: impl FnOnce(&mut Kept) -> T) -> Result<T, Away> {
        self.clock.sleep(Duration::from_millis(1)).await;
        if self.away {
            return Err(Away);
        }
        let done = step(&mut self.kept());
        self.clock.sleep(Duration::from_millis(1)).await;
        Ok(done)
    }

    fn until(&self, seconds: u64) -> Duration {
        self.clock.now() + Duration::from_secs(seconds)
    }
}

impl Store for TheStore {
    async fn keep(&self, key: &str, value: &str, seconds: u64) -> Result<(), Away> {
        self.step(|kept| {
            let until = self.until(seconds);
            kept.insert(key.to_string(), (value.to_string(), until));
        })
        .await
    }

    async fn keep_new(&self, key: &str, value: &str, seconds: u64) -> Result<Option<String>, Away> {
        self.step(|kept| {
            if let Some((there, _)) = kept.get(key) {
                return Some(there.clone());
            }
            let until = self.until(seconds);
            kept.insert(key.to_string(), (value.to_string(), until));
            None
        })
        .await
    }

    async fn look(&self, key: &str) -> Result<Option<String>, Away> {
        self.step(|kept| kept.get(key).map(|(value, _)| value.clone()))
            .await
    }

    async fn take(&self, key: &str) -> Result<Option<String>, Away> {
        self.step(|kept| kept.remove(key).map(|(value, _)| value))
            .await
    }

    async fn count(&self, key: &str, seconds: u64) -> Result<u64, Away> {
        self.step(|kept| {
            let first = ("0".to_string(), self.until(seconds));
            let (value, _) = kept.entry(key.to_string()).or_insert(first);
            let now = value.parse::<u64>().unwrap_or(0) + 1;
            *value = now.to_string();
            now
        })
        .await
    }
}

/// Drives it to its end.
#[track_caller]
fn run<T>(case: &Case, store: &TheStore, future: impl Future<Output = T>) -> T {
    let end = store.clock.now() + Duration::from_secs(60);
    driven::run(&store.clock, end, future).unwrap_or_else(|stuck| {
        let advice = match stuck {
            Stuck::Late | Stuck::Busy => "It asks the store again and again, and never answers.",
            Stuck::Forever => "It waits for something that nobody will ever do.",
        };
        case.differ(
            "a verdict after a step or two",
            format!("{stuck:?}"),
            advice,
        )
    })
}

/// An answer to captcha `1`.
#[track_caller]
fn answer(case: &Case, store: &TheStore, session: &str, answer: &str) -> Result<Verdict, Away> {
    run(case, store, verify(store, session, "1", answer))
}

#[track_caller]
fn expect(case: &Case, right: Result<Verdict, Away>, got: Result<Verdict, Away>, advice: &str) {
    if right != got {
        case.differ(format!("{right:?}"), format!("{got:?}"), advice);
    }
}

// The belief of this exercise: a captcha is used up by success alone.
#[test]
fn a_whatever_the_answer() {
    case("Ada guesses 4712, and then 4711", |case| {
        let store = TheStore::new();
        let first = answer(case, &store, "ada", "4712");
        let advice = "4711 was asked for.";
        expect(case, Ok(Verdict::Wrong), first, advice);
        let second = answer(case, &store, "ada", "4711");
        let advice = "Wrong guess, and the code was still valid. A machine needs no eyes then: it tries 0000 to 9999 on one \
                      picture. A captcha is used up by an answer, whatever the verdict.";
        expect(case, Ok(Verdict::Unknown), second, advice);
    });
    case("Ada answers 4711, and sends the same once more", |case| {
        let store = TheStore::new();
        let first = answer(case, &store, "ada", "4711");
        let advice = "That was right, and in time.";
        expect(case, Ok(Verdict::Accepted), first, advice);
        let second = answer(case, &store, "ada", "4711");
        let advice = "The same answer was good twice: one person who reads one picture could let a thousand machines in.";
        expect(case, Ok(Verdict::Unknown), second, advice);
    });
}

#[test]
fn b_many_at_the_same_time() {
    case(
        "Ten machines send Ada's right answer at the same moment",
        |case| {
            let store = TheStore::new();
            let verdicts = run(
                case,
                &store,
                all((0..10).map(|_| verify(&store, "ada", "1", "4711"))),
            );
            let right = |verdict: &&Result<Verdict, Away>| **verdict == Ok(Verdict::Accepted);
            let accepted = verdicts.iter().filter(right).count();
            if accepted != 1 {
                let advice = "Between looking and taking there is time for others to look as well. Only one can be \
                          given what `take` takes away: judge by that, and by nothing you saw before.";
                case.differ("1 is accepted", format!("{accepted} are accepted"), advice);
            }
        },
    );
}

#[test]
fn c_nothing_there() {
    for (situation, session, id) in [
        (
            "Nobody has made this captcha, and the answer is empty",
            "ada",
            "2",
        ),
        ("Ada's captcha, and the session of nobody", "", "1"),
    ] {
        case(situation, |case| {
            let store = TheStore::new();
            let verdict = run(case, &store, verify(&store, session, id, ""));
            let advice = "There is no such captcha. No code is not the empty code: whoever has asked for no picture \
                          could answer it by saying nothing.";
            expect(case, Ok(Verdict::Unknown), verdict, advice);
        });
    }
    case("Ada answers after 301 s", |case| {
        let store = TheStore::new();
        for _ in 0..7 {
            run(case, &store, store.clock.sleep(Duration::from_secs(43)));
        }
        let verdict = answer(case, &store, "ada", "4711");
        let advice = "The store has forgotten it after 300 s, so nobody knows what was right.";
        expect(case, Ok(Verdict::Unknown), verdict, advice);
    });
}

#[test]
fn d_the_whole_answer() {
    for typed in [
        "", "1", "711", "04711", "47110", "a1 4711", "4711 ", " 4711",
    ] {
        case(
            &format!("The code is 4711, and Ada types {typed:?}"),
            |case| {
                let store = TheStore::new();
                let verdict = answer(case, &store, "ada", typed);
                let advice = "An answer is right if it is equal to the code: all of it, and nothing besides.";
                expect(case, Ok(Verdict::Wrong), verdict, advice);
                let advice = "That was an answer, and it was the last one for this captcha.";
                let after = answer(case, &store, "ada", "4711");
                expect(case, Ok(Verdict::Unknown), after, advice);
            },
        );
    }
    for record in ["a1 ", "a1", ""] {
        case(
            &format!("Somebody has kept {record:?}, which has no code"),
            |case| {
                let store = TheStore::new();
                store.put("captcha:ada:1", record);
                let verdict = answer(case, &store, "ada", "");
                if verdict == Ok(Verdict::Accepted) {
                    let advice = "A fault elsewhere has kept a captcha without a code. Saying nothing must not be right \
                              then.";
                    case.differ("anything but Accepted", format!("{verdict:?}"), advice);
                }
            },
        );
    }
}

#[test]
fn e_somebody_else() {
    case(
        "Bob has seen Ada's picture, and answers it in his session",
        |case| {
            let store = TheStore::new();
            let bob = answer(case, &store, "bob", "4711");
            let advice = if bob == Ok(Verdict::Wrong) {
                "In Bob's session there is no such captcha, so there was nothing to be wrong about: `Unknown` is what tells \
             him to ask for a picture of his own."
            } else {
                "A captcha belongs to the session that has asked for it. Else one person reads pictures, and machines \
             everywhere send the answers."
            };
            expect(case, Ok(Verdict::Unknown), bob, advice);
            let kept = run(case, &store, store.look("captcha:ada:1"));
            if kept != Ok(Some("a1 4711".to_string())) {
                let advice = "Ada's captcha is hers, and still waits for her answer.";
                case.differ("a1 4711, as before", format!("{kept:?}"), advice);
            }
            let ada = answer(case, &store, "ada", "4711");
            let advice = "Bob's answer has used up Ada's captcha. Whoever knows an id could keep Ada out for ever.";
            expect(case, Ok(Verdict::Accepted), ada, advice);
        },
    );
}

#[test]
fn f_the_store_is_away() {
    case("The store does not answer", |case| {
        let mut store = TheStore::new();
        store.away = true;
        for typed in ["4711", ""] {
            let verdict = answer(case, &store, "ada", typed);
            let advice = "Nobody knows what was right, and perhaps the captcha is gone. That is no verdict: whoever has \
                          asked must hear that there is none.";
            expect(case, Err(Away), verdict, advice);
        }
    });
}

/// All at the same time.
async fn all<F: Future>(futures: impl Iterator<Item = F>) -> Vec<F::Output> {
    let mut open: Vec<(Pin<Box<F>>, _)> = futures.map(|future| (Box::pin(future), None)).collect();
    poll_fn(|context| {
        let mut ready = true;
        for (future, done) in &mut open {
            if done.is_none() {
                match future.as_mut().poll(context) {
                    Poll::Ready(output) => *done = Some(output),
                    Poll::Pending => ready = false,
                }
            }
        }
        if ready {
            Poll::Ready(())
        } else {
            Poll::Pending
        }
    })
    .await;
    open.into_iter().filter_map(|(_, done)| done).collect()
}
