//! The check of `call-a-service`. It plays the directory of a hospital: it counts who looks into it, and it
//! tells its watchers when somebody else is on duty.

mod exercise;
mod given;

use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use exercise::{Away, Directory, Duty, Refused, Switchboard};
use services::testkit::{Case, PATIENCE, case};
use tokio::sync::{Notify, watch};
use tokio::task::JoinSet;
use tokio::time::sleep;

/// A directory, and what it has seen.
#[derive(Default)]
struct Book {
    wards: Mutex<HashMap<String, watch::Sender<Arc<[u16]>>>>,
    /// How often somebody has looked into it.
    asked: AtomicUsize,
    /// Who looks for this ward gets no answer before `open`.
    stuck: Mutex<Option<String>>,
    open: Notify,
}

impl Book {
    fn with(ward: &str, phones: &[u16]) -> Arc<Self> {
        let book = Arc::new(Book::default());
        book.duty(ward, phones);
        book
    }

    fn wards(&self) -> MutexGuard<'_, HashMap<String, watch::Sender<Arc<[u16]>>>> {
        self.wards.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// From now on these are on duty. Whoever watches is told.
    fn duty(&self, ward: &str, phones: &[u16]) {
        let mut wards = self.wards();
        let told = wards.entry(ward.to_string()).or_insert_with(|| {
            let nobody: &[u16] = &[];
            watch::Sender::new(nobody.into())
        });
        told.send_replace(phones.into());
    }

    /// The directory is started again: its watchers hear nothing any more.
    fn restart(&self) {
        self.wards().clear();
    }

    fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }
}

/// What the learner gets: a handle.
struct Handle(Arc<Book>);

impl Directory for Handle {
    async fn look_up(&self, ward: &str) -> Result<Option<Duty>, Away> {
        self.0.asked.fetch_add(1, Ordering::SeqCst);
        let stuck = {
            let stuck = self.0.stuck.lock().unwrap_or_else(PoisonError::into_inner);
            stuck.as_deref() == Some(ward)
        };
        if stuck {
            self.0.open.notified().await;
        }
        // Long enough for all others to come meanwhile.
        sleep(Duration::from_millis(1)).await;
        if ward == "the cellar" {
            return Err(Away);
        }
        Ok(self.0.wards().get(ward).map(watch::Sender::subscribe))
    }
}

fn board(book: &Arc<Book>) -> Arc<Switchboard<Handle>> {
    Arc::new(Switchboard::new(Handle(Arc::clone(book))))
}

/// Runs a scene.
fn scene<T: Send + 'static>(
    case: &Case,
    advice: &str,
    body: impl AsyncFnOnce() -> T + Send + 'static,
) -> T {
    case.run_within(PATIENCE * 3, "connect", advice, move || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .expect("a runtime");
        runtime.block_on(body())
    })
}

type Got = BTreeMap<String, usize>;

fn outcome(connected: Result<u16, Refused>) -> String {
    match connected {
        Ok(phone) => format!("phone {phone}"),
        Err(refused) => format!("{refused:?}"),
    }
}

fn words(got: &Got) -> String {
    let got = got
        .iter()
        .map(|(what, times)| format!("{times} times {what}"));
    got.collect::<Vec<_>>().join(", ")
}

/// So many calls for one ward, one after the other.
async fn calls(board: &Switchboard<Handle>, ward: &str, times: usize) -> Got {
    let mut got = Got::new();
    for _ in 0..times {
        *got.entry(outcome(board.connect(ward).await)).or_default() += 1;
    }
    got
}

fn expected<const N: usize>(got: [(&str, usize); N]) -> Got {
    got.map(|(what, times)| (what.to_string(), times)).into()
}

#[track_caller]
fn expect(case: &Case, right: &Got, got: &Got, advice: &str) {
    if right != got {
        case.differ(words(right), words(got), advice);
    }
}

const STUCK: &str = "Nothing came back. What does `connect` wait for?";

// The belief of this exercise. For one call it is true.
#[test]
fn a_two_hundred_calls() {
    case("Two hundred calls for the children's ward", |case| {
        let book = Book::with("children", &[301, 302]);
        let shared = Arc::clone(&book);
        let got = scene(case, STUCK, async move || {
            calls(&board(&shared), "children", 200).await
        });
        let right = expected([("phone 301", 100), ("phone 302", 100)]);
        let advice = "Two are on duty, and they take turns.";
        expect(case, &right, &got, advice);
        let asked = book.asked();
        if asked != 1 {
            let advice = format!(
                "200 requests, {asked} lookups: each call has waited for the directory, and the directory \
                 works as much as the whole hospital. What `look_up` returns goes on telling the truth: \
                 keep it, and read it for each call."
            );
            case.differ("1 lookup", format!("{asked} lookups"), &advice);
        }
    });
}

#[test]
fn b_two_hundred_at_once() {
    case("Two hundred calls in the same moment", |case| {
        let book = Book::with("children", &[301]);
        let shared = Arc::clone(&book);
        let got = scene(case, STUCK, async move || {
            let board = board(&shared);
            let mut calls = JoinSet::new();
            for _ in 0..200 {
                let board = Arc::clone(&board);
                calls.spawn(async move { outcome(board.connect("children").await) });
            }
            let mut got = Got::new();
            while let Some(outcome) = calls.join_next().await {
                *got.entry(outcome.unwrap_or_default()).or_default() += 1;
            }
            got
        });
        let advice = "All of them are for the one who is on duty.";
        expect(case, &expected([("phone 301", 200)]), &got, advice);
        let asked = book.asked();
        if asked != 1 {
            let advice = "All of them looked at what you keep before one of them had an answer. Whoever asks \
                          has to keep the others waiting, and they have to look again after that.";
            case.differ("1 lookup", format!("{asked} lookups"), advice);
        }
    });
}

#[test]
fn c_others_are_on_duty() {
    case("The shift changes between two calls", |case| {
        let book = Book::with("children", &[301]);
        let shared = Arc::clone(&book);
        let (day, night, nobody) = scene(case, STUCK, async move || {
            let board = board(&shared);
            let day = calls(&board, "children", 2).await;
            shared.duty("children", &[377]);
            let night = calls(&board, "children", 2).await;
            shared.duty("children", &[]);
            (day, night, calls(&board, "children", 2).await)
        });
        expect(case, &expected([("phone 301", 2)]), &day, "301 is on duty.");
        let advice = "The directory has told you: 301 has gone home, and 377 has come. A copy of the list knows \
                      nothing of that; keep the `Duty` itself.";
        expect(case, &expected([("phone 377", 2)]), &night, advice);
        let advice = "The ward is there, and nobody is on duty. That may change in a minute, so it is another \
                      answer than a ward that does not exist.";
        expect(case, &expected([("NobodyOnDuty", 2)]), &nobody, advice);
        let asked = book.asked();
        if asked != 1 {
            let advice =
                "The news came by itself; nobody had to ask. An empty list is news as well.";
            case.differ("1 lookup", format!("{asked} lookups"), advice);
        }
    });
}

#[test]
fn d_one_ward_is_slow_to_find() {
    case(
        "The directory looks for `eyes`, and takes its time",
        |case| {
            let book = Book::with("children", &[301]);
            book.duty("eyes", &[99]);
            *book.stuck.lock().unwrap_or_else(PoisonError::into_inner) = Some("eyes".to_string());
            let advice = "A call for `children` waited for the look-up of `eyes`. What you know needs no turn: take \
                      the turn only for asking.";
            let (known, late) = scene(case, advice, async move || {
                let board = board(&book);
                calls(&board, "children", 1).await;
                let other = Arc::clone(&board);
                let eyes = tokio::spawn(async move { outcome(other.connect("eyes").await) });
                while book.asked() < 2 {
                    tokio::task::yield_now().await;
                }
                let known = calls(&board, "children", 3).await;
                book.open.notify_one();
                (known, eyes.await.unwrap_or_default())
            });
            expect(
                case,
                &expected([("phone 301", 3)]),
                &known,
                "301 is on duty.",
            );
            let advice = "It took its time, and there is an answer.";
            case.expect_eq("phone 99", &late, advice);
        },
    );
}

// Names come from whoever calls. There is no end of them.
#[test]
fn e_names_that_nobody_has() {
    case("Calls for wards that somebody has made up", |case| {
        let book = Book::with("children", &[301]);
        let (unknown, kept, away, opened) = scene(case, STUCK, async move || {
            let board = board(&book);
            calls(&board, "children", 1).await;
            let mut unknown = Got::new();
            for number in 0..100 {
                let ward = format!("ward-{number}");
                *unknown
                    .entry(outcome(board.connect(&ward).await))
                    .or_default() += 1;
            }
            let kept = board.kept();
            let away = calls(&board, "the cellar", 1).await;
            book.duty("ward-7", &[700]);
            (unknown, kept, away, calls(&board, "ward-7", 1).await)
        });
        let advice = "The directory does not know them: `look_up` returned `Ok(None)`.";
        expect(case, &expected([("NoSuchWard", 100)]), &unknown, advice);
        let advice =
            "The directory could not be reached; whether there is such a ward nobody knows.";
        expect(case, &expected([("Away", 1)]), &away, advice);
        if opened != expected([("phone 700", 1)]) {
            let advice = "`ward-7` was not there when somebody asked the first time, and has been opened since. \
                          A ward that is not there tells nobody when it comes: do not keep a no.";
            case.differ("phone 700", words(&opened), advice);
        }
        if kept != 1 {
            let advice = "One of these wards exists. Whoever makes names up could fill all your memory with them: \
                          keep what the directory has found, and nothing else.";
            case.differ("1 ward kept", format!("{kept} kept"), advice);
        }
    });
}

#[test]
fn f_the_directory_was_restarted() {
    case(
        "The directory is started again; 301 goes home, 377 comes",
        |case| {
            let book = Book::with("children", &[301]);
            let shared = Arc::clone(&book);
            let got = scene(case, STUCK, async move || {
                let board = board(&shared);
                calls(&board, "children", 1).await;
                shared.restart();
                shared.duty("children", &[377]);
                calls(&board, "children", 20).await
            });
            let advice = "Nobody tells you anything any more: the sender of this `Duty` is gone (`has_changed()` is \
                      an error), and what it said last is old. Look the ward up again.";
            expect(case, &expected([("phone 377", 20)]), &got, advice);
            if book.asked() != 2 {
                let advice =
                    "One look-up before the restart, and one after it: its answer is alive again.";
                case.differ("2 lookups", format!("{} lookups", book.asked()), advice);
            }
        },
    );
}
