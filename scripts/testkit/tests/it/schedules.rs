//! Answers that are right in one order of events only, and the shortest order that shows it.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, PoisonError};

use testkit::schedule::{Mutex, Thread};
use testkit::{Case, Schedule, schedules};

use crate::exercise;

/// The text of the failure that `body` must end in.
fn failure(situation: &str, body: impl Fn(&Case, &Schedule)) -> String {
    let payload = catch_unwind(AssertUnwindSafe(|| schedules(situation, body)))
        .expect_err("some schedule must fail");
    *payload.downcast::<String>().expect("a failure is a text")
}

#[test]
fn what_fails_in_the_usual_order_is_no_luck() {
    let text = failure("Three replies", |case, schedule| {
        schedule.does("client", "asks");
        case.expect_eq(&1u32, &2u32, "Count again.");
    });
    assert_eq!(
        text,
        "Three replies\n  expected     1\n  your answer  2\n→ Count again."
    );
}

#[test]
fn the_shortest_order_that_fails_is_told() {
    let text = failure("Five replies", |case, schedule| {
        let mut seen = Vec::new();
        for reply in schedule.order(5) {
            schedule.sends("server", "client", format!("reply {reply}"));
            seen.push(reply);
            // Reply 3 before reply 1 is what it cannot do.
            if reply == 3 && !seen.contains(&1) {
                schedule.does("client", "has no call 1");
                case.fail(case.report().advice("Match the numbers."));
            }
        }
    });
    assert_eq!(
        text,
        "Five replies\n\
         \x20 Passed by luck: in the usual order all is well. In this order it fails:\n\
         \x20   1. server → client: reply 3\n\
         \x20 ✗ 2. client: has no call 1\n\
         → Match the numbers."
    );
}

#[test]
fn pieces_are_cut_anywhere() {
    let seen = AtomicUsize::new(0);
    schedules("A message of eight bytes", |_, schedule| {
        let pieces = schedule.pieces(b"messages", 3);
        assert_eq!(pieces.concat(), b"messages");
        assert!(pieces.len() <= 3 && pieces.iter().all(|piece| !piece.is_empty()));
        seen.fetch_or(1 << pieces[0].len(), Ordering::Relaxed);
    });
    assert_eq!(seen.into_inner(), 0b1_1111_1110);
}

#[test]
fn a_right_answer_passes_and_the_same_choices_come_each_time() {
    let orders = || {
        let all = std::sync::Mutex::new(Vec::new());
        schedules("Orders", |_, schedule| {
            all.lock().unwrap().push(schedule.order(4));
        });
        all.into_inner().unwrap()
    };
    let (first, second) = (orders(), orders());
    assert_eq!(first[0], [0, 1, 2, 3]);
    assert!(first.len() > 20 && second.len() > 20, "{}", first.len());
    // How many there are depends on the time.
    let common = first.len().min(second.len());
    assert_eq!(first[..common], second[..common]);
}

/// A list of calls that may be closed: the flag and the list have a lock each, or one together.
#[derive(Default)]
struct Calls {
    waiting: Mutex<Vec<u32>>,
    closed: AtomicBool,
    told: AtomicUsize,
}

impl Calls {
    fn begin(&self, together: bool) {
        let early = !together && self.closed.load(Ordering::SeqCst);
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        if early || together && self.closed.load(Ordering::SeqCst) {
            self.told.fetch_add(1, Ordering::SeqCst);
        } else {
            waiting.push(1);
        }
    }

    fn close(&self) {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        self.closed.store(true, Ordering::SeqCst);
        self.told
            .fetch_add(waiting.drain(..).count(), Ordering::SeqCst);
    }
}

fn close_while_a_call_begins(case: &Case, schedule: &Schedule, together: bool) {
    let calls = Arc::new(Calls::default());
    let (one, two) = (Arc::clone(&calls), Arc::clone(&calls));
    let threads: Vec<Thread> = vec![
        ("reader", Box::new(move || one.close())),
        ("caller", Box::new(move || two.begin(together))),
    ];
    schedule.threads(case, threads);
    if calls.told.load(Ordering::SeqCst) != 1 {
        schedule.does("caller", "waits, and no thread will tell it");
        case.fail(case.report().advice("One lock for both."));
    }
}

#[test]
fn a_race_between_two_threads_is_found_and_told() {
    let text = failure("A call begins while the reader ends", |case, schedule| {
        close_while_a_call_begins(case, schedule, false);
    });
    assert_eq!(
        text,
        "A call begins while the reader ends\n\
         \x20 Passed by luck: in the usual order all is well. In this order it fails:\n\
         \x20   1. reader: takes lock 1, releases lock 1\n\
         \x20 ✗ 2. caller: takes lock 1, releases lock 1, waits, and no thread will tell it\n\
         → One lock for both."
    );
    schedules("The same with one lock", |case, schedule| {
        close_while_a_call_begins(case, schedule, true);
    });
}

#[test]
fn two_locks_in_two_orders_are_found() {
    let text = failure("Two accounts", |case, schedule| {
        let accounts = Arc::new([Mutex::new(1), Mutex::new(2)]);
        let moving = |from: usize, to: usize| {
            let accounts = Arc::clone(&accounts);
            Box::new(move || {
                let mut from = accounts[from].lock().unwrap();
                let mut to = accounts[to].lock().unwrap();
                *from -= 1;
                *to += 1;
            })
        };
        let threads: Vec<Thread> = vec![("a", moving(0, 1)), ("b", moving(1, 0))];
        schedule.threads(case, threads);
    });
    assert_eq!(
        text,
        "Two accounts\n\
         \x20 expected     a and b returns\n\
         \x20 your answer  a and b waits for a lock that is never released\n\
         \x20 Passed by luck: in the usual order all is well. In this order it fails:\n\
         \x20   1. a: takes lock 1\n\
         \x20 ✗ 2. b: takes lock 2\n\
         → A lock is held while another one is waited for, or taken twice by one thread.\n\
         \x20 Release the first one before you take the next."
    );
}

#[test]
fn a_panic_in_a_scheduled_thread_is_told_with_its_steps() {
    let text = failure("Two threads", |case, schedule| {
        let ready = Arc::new(Mutex::new(false));
        let (one, two) = (Arc::clone(&ready), Arc::clone(&ready));
        let threads: Vec<Thread> = vec![
            ("writer", Box::new(move || *one.lock().unwrap() = true)),
            (
                "reader",
                Box::new(move || exercise::must_be(*two.lock().unwrap())),
            ),
        ];
        schedule.threads(case, threads);
    });
    assert!(text.contains("not ready"), "{text}");
    assert!(
        text.contains("  ✗ 1. reader: takes lock 1, releases lock 1, panics\n→"),
        "{text}"
    );
}
