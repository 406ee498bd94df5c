//! The check of `issue`. It plays the store and the clock: five minutes take no time here.

mod exercise;

use std::collections::BTreeMap;
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::{Mutex, MutexGuard};
use std::task::Poll;
use std::time::Duration;

use exercise::{Ask, Away, Issued, Store, issue};
use services::testkit::driven::{self, Clock, Stuck};
use services::testkit::{Case, case};

/// How long the answer of a captcha is kept.
const LIFE: u64 = 300;

const fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// A store that several callers share: each step is a journey there, a moment in which it happens, and a
/// journey back.
struct TheStore {
    clock: Clock,
    away: bool,
    /// What is kept, and until when.
    kept: Mutex<BTreeMap<String, (String, Duration)>>,
}

impl TheStore {
    fn new() -> Self {
        TheStore {
            clock: Clock::new(),
            away: false,
            kept: Mutex::default(),
        }
    }

    async fn journey(&self) {
        self.clock.sleep(Duration::from_millis(1)).await;
    }

    /// What is there now.
    fn kept(&self) -> MutexGuard<'_, BTreeMap<String, (String, Duration)>> {
        let mut kept = self.kept.lock().unwrap();
        let now = self.clock.now();
        kept.retain(|_, (_, until)| *until > now);
        kept
    }

    async fn step<T>(
        &self,
        step: impl FnOnce(&mut BTreeMap<String, (String, Duration)>) -> T,
    ) -> Result<T, Away> {
        self.journey().await;
        if self.away {
            return Err(Away);
        }
        let done = step(&mut self.kept());
        self.journey().await;
        Ok(done)
    }

    fn until(&self, time: u64) -> Duration {
        self.clock.now() + seconds(time)
    }

    /// All codes that wait for an answer.
    fn codes(&self) -> Vec<String> {
        let kept = self.kept();
        let code = |(record, _): &(String, Duration)| record.split(' ').nth(1).map(str::to_string);
        kept.values().filter_map(code).collect()
    }
}

impl Store for TheStore {
    async fn keep(&self, key: &str, value: &str, time: u64) -> Result<(), Away> {
        self.step(|kept| {
            let until = self.until(time);
            kept.insert(key.to_string(), (value.to_string(), until));
        })
        .await
    }

    async fn keep_new(&self, key: &str, value: &str, time: u64) -> Result<Option<String>, Away> {
        self.step(|kept| {
            if let Some((there, _)) = kept.get(key) {
                return Some(there.clone());
            }
            let until = self.until(time);
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

    async fn count(&self, key: &str, time: u64) -> Result<u64, Away> {
        self.step(|kept| {
            let first = ("0".to_string(), self.until(time));
            let (value, _) = kept.entry(key.to_string()).or_insert(first);
            let now = value.parse::<u64>().unwrap_or(0) + 1;
            *value = now.to_string();
            now
        })
        .await
    }
}

fn ask(session: &str, id: &str, request: &str) -> Ask {
    Ask {
        id: id.to_string(),
        session: session.to_string(),
        request: request.to_string(),
    }
}

/// Drives it to its end.
#[track_caller]
fn run<T>(case: &Case, store: &TheStore, future: impl Future<Output = T>) -> T {
    let end = store.clock.now() + seconds(60);
    driven::run(&store.clock, end, future).unwrap_or_else(|stuck| {
        let advice = match stuck {
            Stuck::Late | Stuck::Busy => "It asks the store again and again, and never answers.",
            Stuck::Forever => "It waits for something that nobody will ever do.",
        };
        case.differ(
            "an answer after a step or two",
            format!("{stuck:?}"),
            advice,
        )
    })
}

#[track_caller]
fn issued(case: &Case, store: &TheStore, ask: &Ask, code: &str) -> Result<Issued, Away> {
    run(case, store, issue(store, ask, code, LIFE))
}

/// Both at the same time.
async fn both<A, B>(one: impl Future<Output = A>, two: impl Future<Output = B>) -> (A, B) {
    let (mut one, mut two) = (pin!(one), pin!(two));
    let (mut first, mut second) = (None, None);
    poll_fn(|context| {
        if first.is_none()
            && let Poll::Ready(done) = one.as_mut().poll(context)
        {
            first = Some(done);
        }
        if second.is_none()
            && let Poll::Ready(done) = two.as_mut().poll(context)
        {
            second = Some(done);
        }
        if first.is_some() && second.is_some() {
            return Poll::Ready(());
        }
        Poll::Pending
    })
    .await;
    (first.unwrap(), second.unwrap())
}

fn draw(code: &str) -> Result<Issued, Away> {
    Ok(Issued::Draw(code.to_string()))
}

#[track_caller]
fn expect(case: &Case, right: &Result<Issued, Away>, answer: &Result<Issued, Away>, advice: &str) {
    if right != answer {
        case.differ(format!("{right:?}"), format!("{answer:?}"), advice);
    }
}

// The belief of this exercise: what the client has chosen is its own.
#[test]
fn a_what_waits_stays_as_it_is() {
    case(
        "Two pages in one browser. A has its picture, and B has chosen the same id",
        |case| {
            let store = TheStore::new();
            let first = issued(case, &store, &ask("ada", "1", "a1"), "4711");
            let advice =
                "Nothing was waiting under this id: the code in your hand is the one to draw.";
            expect(case, &draw("4711"), &first, advice);
            let second = issued(case, &store, &ask("ada", "1", "b1"), "2938");
            if store.codes() != ["4711"] {
                let advice = "B overwrote A's picture: A sees 4711, and the store now waits for something else. A client \
                              can choose any id, also one that is taken. Keep it only if nothing is there.";
                let right = "the store waits for 4711, which A sees";
                case.differ(right, format!("it waits for {:?}", store.codes()), advice);
            }
            let advice = "A captcha with this id waits for its answer. It stays as it is, and B is told so: any code that \
                          B drew now would be one that nobody keeps.";
            expect(case, &Ok(Issued::Pending), &second, advice);
        },
    );
}

#[test]
fn b_the_same_request_twice() {
    case(
        "The reply to A's request got lost, and A sends it again: the same name `a1`",
        |case| {
            let store = TheStore::new();
            let _ = issued(case, &store, &ask("ada", "1", "a1"), "4711");
            for fresh in ["2938", "5550"] {
                let again = issued(case, &store, &ask("ada", "1", "a1"), fresh);
                let advice = "What waits there was made for this very request: the name in the record is its own. A \
                              needs the picture that it never got, with the code that is kept.";
                expect(case, &draw("4711"), &again, advice);
                let advice = "A request that comes twice is one request. The first picture may have arrived after all, and \
                              somebody is reading it: its code must stay right.";
                if store.codes() != ["4711"] {
                    case.differ(
                        "the store waits for 4711",
                        format!("{:?}", store.codes()),
                        advice,
                    );
                }
            }
        },
    );
}

#[test]
fn c_at_the_same_time() {
    case("Two pages ask for one id at the same moment", |case| {
        let store = TheStore::new();
        let (one, two) = (ask("ada", "1", "a1"), ask("ada", "1", "b1"));
        let (one, two) = run(case, &store, async {
            both(
                issue(&store, &one, "4711", LIFE),
                issue(&store, &two, "2938", LIFE),
            )
            .await
        });
        let kept = store.codes();
        let drawn: Vec<&str> = [&one, &two]
            .into_iter()
            .filter_map(|issued| match issued {
                Ok(Issued::Draw(code)) => Some(code.as_str()),
                _ => None,
            })
            .collect();
        if drawn.len() != 1 || kept != drawn {
            let advice = "Between looking and keeping there is time for somebody else to do the same: both saw \
                          that nothing was there. Asking and keeping has to be one step of the store.";
            let right = "one is to draw and that one is kept; the other one is Pending";
            let answer = format!("{one:?} and {two:?}; kept: {kept:?}");
            case.differ(right, answer, advice);
        }
    });
    case(
        "One request, sent twice at the same moment to two services",
        |case| {
            let store = TheStore::new();
            let ask = ask("ada", "1", "a1");
            let (one, two) = run(case, &store, async {
                both(
                    issue(&store, &ask, "4711", LIFE),
                    issue(&store, &ask, "2938", LIFE),
                )
                .await
            });
            let kept = store.codes();
            if one != two || kept.first().is_none_or(|kept| one != draw(kept)) {
                let advice = "Whichever picture arrives, the person will read it: both have to show the code that is \
                              kept.";
                let answer = format!("{one:?} and {two:?}; kept: {kept:?}");
                case.differ("twice the code that is kept", answer, advice);
            }
        },
    );
}

#[test]
fn d_free_again() {
    case("A has never answered", |case| {
        let store = TheStore::new();
        let _ = issued(case, &store, &ask("ada", "1", "a1"), "4711");
        let wait = |time| run(case, &store, store.clock.sleep(seconds(time)));
        for _ in 0..5 {
            wait(59);
        }
        let early = issued(case, &store, &ask("ada", "1", "b1"), "2938");
        let advice = "The 300 s are not over: the captcha of A still waits.";
        expect(case, &Ok(Issued::Pending), &early, advice);
        wait(10);
        let later = issued(case, &store, &ask("ada", "1", "b1"), "2938");
        let advice = "`seconds` (300) are over and the captcha of A is too old to be answered, so its id is free. What is \
                      kept for longer than that keeps ids away from everybody, and fills the store.";
        expect(case, &draw("2938"), &later, advice);
    });
    case(
        "A has answered, and asks for the same id once more",
        |case| {
            let store = TheStore::new();
            let _ = run(case, &store, store.keep("captcha:ada:1", "a1 4711", LIFE));
            // What whoever judges does: it takes the captcha away.
            store.kept().remove("captcha:ada:1");
            let again = issued(case, &store, &ask("ada", "1", "a2"), "2938");
            let advice = "Nothing waits under this id any more.";
            expect(case, &draw("2938"), &again, advice);
        },
    );
}

#[test]
fn e_two_sessions() {
    case("Ada and Bob have both chosen the id `1`", |case| {
        let store = TheStore::new();
        let ada = issued(case, &store, &ask("ada", "1", "a1"), "4711");
        let bob = issued(case, &store, &ask("bob", "1", "b1"), "2938");
        let keys: Vec<String> = store.kept().keys().cloned().collect();
        if (&ada, &bob) != (&draw("4711"), &draw("2938"))
            || keys != ["captcha:ada:1", "captcha:bob:1"]
        {
            let advice = "A session is nobody else's, an id can be anybody's: with both in the key two visitors \
                          cannot meet. With the id alone one visitor could keep all good ids from the others.";
            let right = "each has one: captcha:ada:1 and captcha:bob:1";
            case.differ(
                right,
                format!("{ada:?} and {bob:?}; keys: {keys:?}"),
                advice,
            );
        }
    });
}

#[test]
fn f_the_store_is_away() {
    case("The store does not answer", |case| {
        let mut store = TheStore::new();
        store.away = true;
        let answer = issued(case, &store, &ask("ada", "1", "a1"), "4711");
        let advice = "Nobody keeps this code. A person would read the picture, answer it rightly and be refused.";
        expect(case, &Err(Away), &answer, advice);
    });
}

#[test]
fn g_made_elsewhere() {
    case(
        "Another service has made a captcha of this session with this id",
        |case| {
            let store = TheStore::new();
            let _ = run(
                case,
                &store,
                store.keep_new("captcha:ada:1", "z9 5550", LIFE),
            );
            let second = issued(case, &store, &ask("ada", "1", "b1"), "2938");
            let there = run(case, &store, store.look("captcha:ada:1"));
            let advice = "What waits there was made elsewhere, and only the store knows of it: that is the one place to ask.";
            if there != Ok(Some("z9 5550".to_string())) {
                case.differ("it still waits for 5550", format!("{there:?}"), advice);
            }
            expect(case, &Ok(Issued::Pending), &second, advice);
        },
    );
}
