//! The check of `retry-storm`. It puts layers between callers and a database, and counts the attempts that arrive there.

mod exercise;
mod given;

use std::cell::Cell;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use exercise::{ATTEMPTS, Failure, Layer};
use given::RetryBudget;
use testkit::{PATIENCE, case};

const NAMES: [&str; 3] = ["front", "middle", "back"];

/// `front`, `middle` and `back`, or the last ones of them.
struct Chain(Vec<Layer>);

impl Chain {
    fn new(layers: usize) -> Self {
        Chain((0..layers).map(|_| Layer::new()).collect())
    }

    fn call(&self, database: &dyn Fn() -> Result<(), Failure>) -> Result<(), Failure> {
        through(&self.0, database)
    }
}

fn through(layers: &[Layer], database: &dyn Fn() -> Result<(), Failure>) -> Result<(), Failure> {
    match layers {
        [] => database(),
        [first, rest @ ..] => first.call(|| through(rest, database)),
    }
}

/// A database that counts its attempts.
#[derive(Default)]
struct Database {
    attempts: Cell<u32>,
}

impl Database {
    fn is_down(&self) -> Result<(), Failure> {
        self.attempts.set(self.attempts.get() + 1);
        Err(Failure::Unavailable)
    }

    fn attempts(&self) -> String {
        match self.attempts.get() {
            1 => "1 attempt".to_string(),
            more => format!("{more} attempts"),
        }
    }
}

/// Whether a layer makes more than one attempt if the first one returns `GivenUp`.
fn retries_given_up() -> bool {
    let attempts = Cell::new(0);
    let _ = Chain::new(1).call(&|| {
        attempts.set(attempts.get() + 1);
        Err(Failure::GivenUp)
    });
    attempts.get() > 1
}

// The belief of this exercise. Each layer is right by itself, and together they multiply.
#[test]
fn a_one_call() {
    for layers in [3, 2, 1] {
        let names = NAMES[3 - layers..].join(", ");
        case(
            &format!("One call through {names}; the database is down"),
            |case| {
                let (chain, database) = (Chain::new(layers), Database::default());
                let outcome = chain.call(&|| database.is_down());
                let attempts = database.attempts.get();
                if attempts > ATTEMPTS {
                    let answer = format!("{} have reached the database", database.attempts());
                    let advice = match Chain::new(1).call(&|| Err(Failure::Unavailable)) {
                        Err(Failure::Unavailable)
                            if attempts == ATTEMPTS.pow(u32::try_from(layers).unwrap_or(0)) =>
                        {
                            "Each layer makes three attempts for each attempt of the layer above, so they multiply. The \
                         layer that stops retrying has to say so, and the layers above must not begin again."
                        }
                        Err(Failure::Unavailable) => {
                            "The layer next to the database has stopped, and returned Unavailable: so the layer above has \
                         begun again, until the tokens were used up."
                        }
                        _ if retries_given_up() => {
                            "A layer that got GivenUp has retried. GivenUp says that a layer below has made all the \
                         attempts that this call may have."
                        }
                        _ => "A call has three attempts in all, the first one included.",
                    };
                    case.differ(
                        format!("{ATTEMPTS} attempts at the database"),
                        answer,
                        advice,
                    );
                }
                if attempts < ATTEMPTS {
                    let answer = format!("{} at the database", database.attempts());
                    let advice = match attempts {
                        0 => "No attempt has reached the database: each layer calls the next one.",
                        1 => {
                            "The layer next to the database retries: it makes 3 attempts, and its budget has tokens \
                             for them."
                        }
                        _ => {
                            "A call has three attempts in all, and its budget has tokens for them."
                        }
                    };
                    case.differ(
                        format!("{ATTEMPTS} attempts at the database"),
                        answer,
                        advice,
                    );
                }
                if outcome != Err(Failure::GivenUp) {
                    let advice = "The caller of the first layer has to know that the call was retried already.";
                    case.differ("Err(GivenUp)", format!("{outcome:?}"), advice);
                }
            },
        );
    }
}

#[test]
fn b_given_up_below() {
    case(
        "One call through back; its only attempt returns GivenUp",
        |case| {
            let (chain, attempts) = (Chain::new(1), Cell::new(0));
            let outcome = chain.call(&|| {
                attempts.set(attempts.get() + 1);
                Err(Failure::GivenUp)
            });
            if attempts.get() != 1 {
                let answer = format!("{} attempts", attempts.get());
                let advice = "`GivenUp` says that the layer below has retried. This layer returns it at once.";
                case.differ("1 attempt", answer, advice);
            }
            if outcome != Err(Failure::GivenUp) {
                case.differ(
                    "Err(GivenUp)",
                    format!("{outcome:?}"),
                    "The layers above have to know it as well.",
                );
            }
        },
    );
}

#[test]
fn c_a_bad_moment() {
    case(
        "1000 calls; the database misses one attempt in twenty",
        |case| {
            let (chain, attempts, lost) = (Chain::new(3), Cell::new(0), Cell::new(0));
            for _ in 0..1000 {
                let outcome = chain.call(&|| {
                    attempts.set(attempts.get() + 1);
                    match attempts.get() % 20 {
                        1 => Err(Failure::Unavailable),
                        _ => Ok(()),
                    }
                });
                lost.set(lost.get() + u32::from(outcome.is_err()));
            }
            if attempts.get() < 1000 {
                let answer = format!("{} attempts for 1000 calls", attempts.get());
                let advice = "Some calls had no attempt at all. Tokens are for retries: the first attempt of a call is \
                              always made.";
                case.differ("1 attempt or more for each call", answer, advice);
            }
            if lost.get() > 0 {
                let advice = "One call in twenty needs a second attempt, and that one would be answered. The budget has a \
                          token for one call in ten: `call_begins` of each call earns a part of it.";
                case.differ(
                    "0 of 1000 calls fail",
                    format!("{} of 1000 calls failed", lost.get()),
                    advice,
                );
            }
        },
    );
}

// What is right for one call is wrong for all of them.
#[test]
fn d_an_outage() {
    case(
        "1000 calls through front, middle, back; the database is down",
        |case| {
            let (chain, database) = (Chain::new(3), Database::default());
            let mut first_wrong = None;
            for _ in 0..1000 {
                let outcome = chain.call(&|| database.is_down());
                if outcome != Err(Failure::GivenUp) {
                    first_wrong.get_or_insert(outcome);
                }
            }
            // The same with one budget, in the layer next to the database.
            let (mut budget, mut wanted) = (RetryBudget::new(), 0);
            for _ in 0..1000 {
                budget.call_begins();
                wanted += 1;
                wanted += (1..ATTEMPTS)
                    .find(|_| !budget.may_retry())
                    .map_or(ATTEMPTS - 1, |refused| refused - 1);
            }
            let attempts = database.attempts.get();
            if attempts != wanted {
                let advice = match attempts {
                    _ if attempts < wanted => {
                        "The budget allows more retries: one for ten calls, and the tokens at the beginning."
                    }
                    _ if attempts >= 1000 * ATTEMPTS => {
                        "A database that is down gets three times its usual load. Each retry has to take a token."
                    }
                    _ if first_wrong == Some(Err(Failure::Unavailable)) => {
                        "A layer without a token has stopped retrying, and returned Unavailable. So the layer above spent \
                     its own tokens on the same call. Lack of a token is `GivenUp` as well."
                    }
                    _ => {
                        "That is more than the budget of one layer allows. Which layers retry, and does each retry take a token?"
                    }
                };
                let answer = format!("{} at the database", database.attempts());
                case.differ(format!("{wanted} attempts at the database"), answer, advice);
            }
            if let Some(outcome) = first_wrong {
                let advice =
                    "The call was retried as far as it is allowed. The caller has to know that.";
                case.differ("Err(GivenUp)", format!("{outcome:?}"), advice);
            }
        },
    );
}

#[test]
fn e_available_again() {
    case(
        "The database is down for 300 calls; then it answers",
        |case| {
            let (chain, database) = (Chain::new(3), Database::default());
            for _ in 0..300 {
                let _ = chain.call(&|| database.is_down());
            }
            let fine = (0..200).filter(|_| chain.call(&|| Ok(())).is_ok()).count();
            if fine < 200 {
                let advice = "The database answers again, and calls still fail.";
                case.differ("200 of 200 calls", format!("{fine} of 200 calls"), advice);
            }
            let first = Cell::new(true);
            let outcome = chain.call(&|| match first.replace(false) {
                true => Err(Failure::Unavailable),
                false => Ok(()),
            });
            if outcome.is_err() {
                let advice = "The 200 calls since then have earned tokens for a retry.";
                case.differ("Ok(())", format!("{outcome:?}"), advice);
            }
        },
    );
}

/// A place where two attempts have to be under way together.
#[derive(Default)]
struct Meeting {
    here: Mutex<u32>,
    came: Condvar,
}

impl Meeting {
    fn meet(&self) -> bool {
        let mut here = self.here.lock().unwrap_or_else(PoisonError::into_inner);
        *here += 1;
        self.came.notify_all();
        // Long: a second thread has to be started first, and the machine may have other things to do.
        let limit: Duration = PATIENCE * 3;
        let both = self.came.wait_timeout_while(here, limit, |here| *here < 2);
        both.is_ok_and(|(here, _)| *here >= 2)
    }
}

#[test]
fn f_two_at_the_same_time() {
    case("Two calls through back at the same time", |case| {
        let layer = Arc::new(Layer::new());
        let meeting = Arc::new(Meeting::default());
        let call = |layer: Arc<Layer>, meeting: Arc<Meeting>| {
            move || {
                let met = Cell::new(false);
                let _ = layer.call(|| {
                    met.set(meeting.meet());
                    Ok(())
                });
                met.get()
            }
        };
        let other = thread::spawn(call(Arc::clone(&layer), Arc::clone(&meeting)));
        let met = call(layer, meeting)() && other.join().unwrap_or(false);
        if !met {
            let advice = "One attempt began when the other one was over. The budget is locked while an attempt is under \
                          way, and all other calls wait for it: hold the lock for the counting only.";
            case.differ(
                "both attempts are under way together",
                "one after the other",
                advice,
            );
        }
    });
}
