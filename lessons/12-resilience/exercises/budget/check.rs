//! The check of `budget`. It puts three operators between callers and a hospital, and counts how often it rings there.

mod exercise;
mod given;

use std::cell::Cell;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use exercise::{CALLS_FOR_A_RETRY, Operator, SAVED, TRIES, Trouble};
use testkit::{PATIENCE, case};

/// Village, town and city.
struct Way([Operator; 3]);

impl Way {
    fn new() -> Self {
        Way([Operator::new(), Operator::new(), Operator::new()])
    }

    fn call(&self, hospital: impl Fn() -> Result<(), Trouble>) -> Result<(), Trouble> {
        let Way([village, town, city]) = self;
        village.connect(|| town.connect(|| city.connect(&hospital)))
    }
}

/// A hospital that is ill: it rings there, and nobody can answer.
#[derive(Default)]
struct Hospital {
    rang: Cell<u32>,
}

impl Hospital {
    fn silent(&self) -> Result<(), Trouble> {
        self.rang.set(self.rang.get() + 1);
        Err(Trouble::NoAnswer)
    }
}

// The belief of this exercise. Each operator is right, and together they are a storm.
#[test]
fn a_one_call() {
    case("One call, three operators; nobody answers", |case| {
        let (way, hospital) = (Way::new(), Hospital::default());
        let outcome = way.call(|| hospital.silent());
        let rang = hospital.rang.get();
        if rang > TRIES {
            let answer = format!("{TRIES} tries by 3 operators: {rang} calls reached the hospital");
            let advice = "The city tries three times for each try of the town, and the town for each try of the \
                          village. A call has its tries counted over all operators: whoever gives up says \
                          so, and nobody above begins again.";
            case.differ(format!("at most {TRIES} calls"), answer, advice);
        }
        if outcome != Err(Trouble::GivenUp) {
            let advice =
                "Whoever has asked the village has to know that it was tried, and given up.";
            case.differ("Err(GivenUp)", format!("{outcome:?}"), advice);
        }
    });
}

// What is right for one call is wrong for all of them.
#[test]
fn b_a_thousand_calls() {
    case("A thousand calls; nobody answers", |case| {
        let (way, hospital) = (Way::new(), Hospital::default());
        for _ in 0..1000 {
            let _ = way.call(|| hospital.silent());
        }
        let (rang, most) = (hospital.rang.get(), 1000 + 1000 / CALLS_FOR_A_RETRY + SAVED);
        if rang > most {
            let mut advice = String::from(
                "Whoever is down gets more calls than ever, just then: that is how a bad minute becomes a bad \
                 day. Let all calls share what there is for second tries, one for ten calls.",
            );
            if rang < 2000 {
                advice = String::from(
                    "That is more than one try more for ten calls. Does each call bring a tenth, and no more? And who has \
                     nothing left has given it up as well: if the city does not say so, the town begins again, and \
                     then the village.",
                );
            }
            let answer = format!("{rang} calls reached the hospital");
            case.differ(format!("at most {most} calls"), answer, &advice);
        }
    });
}

#[test]
fn c_a_bad_moment() {
    case("One ring in twenty is not heard", |case| {
        let (way, rang, lost) = (Way::new(), Cell::new(0), Cell::new(0));
        for _ in 0..1000 {
            let outcome = way.call(|| {
                rang.set(rang.get() + 1);
                if rang.get() % 20 == 1 {
                    return Err(Trouble::NoAnswer);
                }
                Ok(())
            });
            lost.set(lost.get() + u32::from(outcome.is_err()));
        }
        if lost.get() > 0 {
            let advice = "It was a bad moment, and the next ring would have been heard. One call in twenty \
                          needs a second try, and there is one for ten calls; and some are there at the \
                          beginning, for the very first call.";
            let answer = format!("{} of 1000 calls failed", lost.get());
            case.differ("all calls come about", answer, advice);
        }
    });
}

#[test]
fn d_a_long_good_time() {
    case("Five thousand good calls; then nobody answers", |case| {
        let (way, hospital) = (Way::new(), Hospital::default());
        for _ in 0..5000 {
            let _ = way.call(|| Ok(()));
        }
        for _ in 0..100 {
            let _ = way.call(|| hospital.silent());
        }
        let (rang, most) = (hospital.rang.get(), 100 + 100 / CALLS_FOR_A_RETRY + SAVED);
        if rang > most {
            let advice = "In the good time so much was saved up that the budget limits nothing now. There is a \
                          most that can be saved: `SAVED`.";
            let answer = format!("{rang} calls reached the hospital, for 100");
            case.differ(format!("at most {most} calls"), answer, advice);
        }
    });
}

#[test]
fn e_well_again() {
    case("Nobody answers for 300 calls; then all is well", |case| {
        let (way, hospital) = (Way::new(), Hospital::default());
        for _ in 0..300 {
            let _ = way.call(|| hospital.silent());
        }
        let fine = (0..200).filter(|_| way.call(|| Ok(())).is_ok()).count();
        if fine < 200 {
            let advice = "The hospital is well again, and nobody rings there to find out. The budget is for second \
                          tries: the first try of a call is always made.";
            case.differ("200 of 200 calls", format!("{fine} of 200"), advice);
        }
        let first = Cell::new(true);
        let outcome = way.call(|| {
            if first.replace(false) {
                return Err(Trouble::NoAnswer);
            }
            Ok(())
        });
        if outcome.is_err() {
            let advice = "200 calls have gone well since, and have paid for a second try.";
            case.differ("Ok(())", format!("{outcome:?}"), advice);
        }
    });
}

/// A place where two have to meet; `false` if nobody else came.
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
    case("Two calls at the same time", |case| {
        let operator = Arc::new(Operator::new());
        let meeting = Arc::new(Meeting::default());
        let speak = |operator: Arc<Operator>, meeting: Arc<Meeting>| {
            move || {
                let met = Mutex::new(false);
                let _ = operator.connect(|| {
                    *met.lock().unwrap_or_else(PoisonError::into_inner) = meeting.meet();
                    Ok(())
                });
                met.into_inner().unwrap_or_else(PoisonError::into_inner)
            }
        };
        let other = thread::spawn(speak(Arc::clone(&operator), Arc::clone(&meeting)));
        let met = speak(operator, meeting)() && other.join().unwrap_or(false);
        if !met {
            let advice = "One of them waited until the other had hung up. All calls share the budget, so there is a \
                          lock; whoever holds it while it rings makes all calls wait for each other.";
            case.differ("both are connected", "one after the other", advice);
        }
    });
}
