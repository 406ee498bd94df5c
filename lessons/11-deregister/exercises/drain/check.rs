//! The check of `drain`. It plays the book and the callers: some call all the time, some once, and one has
//! the address from somewhere else.

mod exercise;
mod given;

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

use exercise::{Away, Book, Call, Times, calculator};
use services::testkit::{Case, PATIENCE, View, case};
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep, timeout};

const TIMES: Times = Times {
    believed: Duration::from_millis(60),
    travel: Duration::from_millis(30),
    pause: Duration::from_millis(10),
    patience: Duration::from_millis(200),
};

/// The phone book. It can be slow, and it can be away.
struct TheBook {
    listed: AtomicBool,
    /// How often it will be away when it is asked.
    away: AtomicU32,
    slow: Duration,
    asked: AtomicU32,
    /// When we were out of it.
    out: watch::Sender<Option<Instant>>,
}

impl TheBook {
    fn new(slow: Duration, away: u32) -> Arc<Self> {
        Arc::new(TheBook {
            listed: AtomicBool::new(true),
            away: AtomicU32::new(away),
            slow,
            asked: AtomicU32::new(0),
            out: watch::Sender::new(None),
        })
    }
}

/// What the learner gets: a handle.
struct Handle(Arc<TheBook>);

impl Book for Handle {
    async fn deregister(&self) -> Result<(), Away> {
        self.0.asked.fetch_add(1, Ordering::SeqCst);
        sleep(self.0.slow).await;
        let away = &self.0.away;
        if away
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, |n| n.checked_sub(1))
            .is_ok()
        {
            return Err(Away);
        }
        self.0.listed.store(false, Ordering::SeqCst);
        self.0.out.send_replace(Some(Instant::now()));
        Ok(())
    }
}

/// The learner's calculator, running, and how to reach it.
struct There {
    calls: mpsc::Sender<Call>,
    book: Arc<TheBook>,
    leave: Option<oneshot::Sender<()>>,
    /// How it left, and when.
    left: JoinHandle<(Result<(), Away>, Instant)>,
}

fn open(book: Arc<TheBook>) -> There {
    open_with(book, TIMES)
}

fn open_with(book: Arc<TheBook>, times: Times) -> There {
    let (calls, received) = mpsc::channel(64);
    let (leave, asked) = oneshot::channel::<()>();
    let handle = Handle(Arc::clone(&book));
    let left = tokio::spawn(async move {
        let leave = async {
            let _ = asked.await;
        };
        let left = calculator(received, handle, leave, times).await;
        (left, Instant::now())
    });
    There {
        calls,
        book,
        leave: Some(leave),
        left,
    }
}

impl There {
    /// Somebody wants it to leave.
    fn ask_to_leave(&mut self) {
        if let Some(leave) = self.leave.take() {
            let _ = leave.send(());
        }
    }
}

/// One call: whether it got the right answer. Nothing is waited for longer than PATIENCE.
async fn call(calls: &mpsc::Sender<Call>, question: u64) -> bool {
    let (answer, answered) = oneshot::channel();
    let sent = calls.send(Call { question, answer }).await.is_ok();
    sent && timeout(PATIENCE, answered).await == Ok(Ok(question * 2))
}

/// Runs a scene on a runtime of its own.
fn scene<T: Send + 'static>(
    case: &Case,
    advice: &str,
    body: impl Future<Output = T> + Send + 'static,
) -> T {
    case.run_within(PATIENCE * 3, "calculator", advice, move || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .expect("a runtime");
        runtime.block_on(body)
    })
}

const HANGS: &str = "Somebody wants the program to leave, and it stays.";

/// A caller that looks into the book, believes it for its time, and calls all the while. It has somebody
/// else to call as soon as it knows that we are out. Returns how many of its calls were lost.
async fn caller(calls: mpsc::Sender<Call>, book: Arc<TheBook>, age: Duration) -> u32 {
    let mut lost = 0;
    let mut until = Instant::now() + TIMES.believed.saturating_sub(age);
    loop {
        while Instant::now() < until {
            if !call(&calls, 7).await {
                // It does not fall for the same address twice.
                lost += 1;
                break;
            }
            sleep(Duration::from_millis(3)).await;
        }
        sleep(until.saturating_duration_since(Instant::now())).await;
        if !book.listed.load(Ordering::SeqCst) {
            return lost;
        }
        until = Instant::now() + TIMES.believed;
    }
}

// The belief of this exercise. The book is right, and nobody has read it since.
#[test]
fn a_callers_still_have_the_address() {
    case("Four callers call all the time; you leave", |case| {
        let lost = scene(case, HANGS, async {
            let mut there = open(TheBook::new(Duration::from_millis(5), 0));
            let ages = [0, 15, 30, 45].map(Duration::from_millis);
            let callers =
                ages.map(|age| tokio::spawn(caller(there.calls.clone(), there.book.clone(), age)));
            sleep(Duration::from_millis(80)).await;
            there.ask_to_leave();
            let mut lost = 0;
            for caller in callers {
                lost += caller.await.unwrap_or(1);
            }
            lost
        });
        if lost > 0 {
            let calls = if lost == 1 { "call" } else { "calls" };
            case.differ(
                "no call is lost",
                format!("{lost} {calls} lost: callers still had your address"),
                "You were out of the book, and they had read it before that. A caller believes what \
                 it has read for `believed`: stay, and answer, until the last one has looked again.",
            );
        }
    });
}

// Saying goodbye takes time, and until it is said everybody still comes.
#[test]
fn b_calls_are_answered_while_the_book_is_asked() {
    case(
        "The book takes its time; a caller calls meanwhile",
        |case| {
            let answered_first = scene(case, HANGS, async {
                let mut there = open(TheBook::new(Duration::from_millis(120), 0));
                there.ask_to_leave();
                while there.book.asked.load(Ordering::SeqCst) == 0 {
                    sleep(Duration::from_millis(1)).await;
                }
                let answered = call(&there.calls, 21).await;
                answered && there.book.listed.load(Ordering::SeqCst)
            });
            if !answered_first {
                let advice = "While you wait for the book you are still in it, and calls come. Let the \
                          goodbye be a future of its own, and poll it beside the calls: \
                          `tokio::pin!` and one more branch.";
                case.differ(
                    "an answer while `deregister` runs",
                    "nothing until `deregister` had returned",
                    advice,
                );
            }
        },
    );
}

/// How long it stayed after it was out of the book, and what it said at the end.
async fn stays(there: There) -> (Option<Duration>, Result<(), Away>) {
    let out = there.book.out.subscribe();
    let Ok((left, when)) = there.left.await else {
        return (None, Err(Away));
    };
    let out = *out.borrow();
    (out.map(|out| when.saturating_duration_since(out)), left)
}

// The one who calls once an hour is a caller as well.
#[test]
fn c_the_last_caller_may_be_a_quiet_one() {
    case("Nobody has called for long; you leave", |case| {
        let (stayed, left) = scene(case, HANGS, async {
            let mut there = open(TheBook::new(Duration::from_millis(40), 0));
            there.ask_to_leave();
            stays(there).await
        });
        let needed = TIMES.believed + TIMES.travel;
        let stayed = stayed.unwrap_or_default();
        if stayed < needed {
            let advice = "Somebody may have read the book just before you were out of it, believes it \
                          for `believed`, and then makes a call that is on its way for `travel`. \
                          The time counts from the moment when `deregister` has returned, and \
                          silence shortens nothing.";
            case.differ(
                format!("you stay for {} after you are out", needed.view()),
                format!("you stayed for {}", stayed.view()),
                advice,
            );
        }
        let advice = "The book was told: you have left well.";
        case.expect_ok("calculator", &left, advice);
    });
}

// Old configuration, a forgotten script, somebody's load test: they never read the book at all.
#[test]
fn d_some_have_the_address_from_elsewhere() {
    let advice = "Whoever calls now has not read the book for longer than anybody believes it. Somebody has \
                  your address from elsewhere, and would hold you for ever: the notice has an end.";
    case(
        "Somebody calls every 5 ms and never reads the book",
        |case| {
            scene(case, advice, async {
                let mut there = open(TheBook::new(Duration::from_millis(5), 0));
                let calls = there.calls.clone();
                let stubborn = tokio::spawn(async move {
                    while call(&calls, 1).await {
                        sleep(Duration::from_millis(5)).await;
                    }
                });
                there.ask_to_leave();
                let _ = stays(there).await;
                stubborn.abort();
            });
        },
    );
}

#[test]
fn e_the_book_is_back_soon() {
    case("The book is away when it is asked, and then back", |case| {
        // Patience enough for a machine that has other things to do.
        let times = Times {
            patience: PATIENCE * 2,
            ..TIMES
        };
        let (stayed, left, asked) = scene(case, HANGS, async move {
            let mut there = open_with(TheBook::new(Duration::from_millis(1), 2), times);
            let book = Arc::clone(&there.book);
            there.ask_to_leave();
            let (stayed, left) = stays(there).await;
            (stayed, left, book.asked.load(Ordering::SeqCst))
        });
        if stayed.is_none() || left.is_err() {
            let often = if asked == 1 { "once" } else { "too few times" };
            case.differ(
                "out of the book, and `Ok(())`",
                format!("{left:?}: the book was asked {often}, and you are still in it"),
                &format!(
                    "It was away for a moment only. Who leaves without a word sends every caller to a \
                     closed door: ask again, after `pause` ({}), as long as there is `patience` ({}).",
                    times.pause.view(),
                    times.patience.view()
                ),
            );
        }
    });
}

#[test]
fn f_the_book_stays_away() {
    let advice = "Whoever wants you to end kills you when you do not. After `patience` there is nothing left \
                  to try: end, and say `Err(Away)`.";
    case(
        "The book stays away; somebody calls all the while",
        |case| {
            let (left, took, lost) = scene(case, advice, async {
                let mut there = open(TheBook::new(Duration::from_millis(1), u32::MAX));
                there.ask_to_leave();
                let since = Instant::now();
                let mut lost = 0;
                while since.elapsed() < TIMES.patience / 2 {
                    lost += u32::from(!call(&there.calls, 3).await);
                    sleep(Duration::from_millis(5)).await;
                }
                let (left, when) = there.left.await.unwrap_or((Ok(()), since));
                (left, when - since, lost)
            });
            if lost > 0 {
                let advice =
                    "The book still has your address, so callers come. As long as you try, answer.";
                case.differ("no call is lost", format!("{lost} calls lost"), advice);
            }
            if took < TIMES.patience {
                let wanted = format!("you try for {}", TIMES.patience.view());
                let advice =
                    "It may be back any moment; `patience` is the time that there is for it.";
                case.differ(wanted, format!("you gave up after {}", took.view()), advice);
            }
            let advice = "You were never out of the book. Whoever started you has to know.";
            case.expect_eq("Err(Away)", &format!("{left:?}"), advice);
        },
    );
}
