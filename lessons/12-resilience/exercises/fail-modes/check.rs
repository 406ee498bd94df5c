//! The check of `fail-modes`. It plays a bank with three counters and one account.

mod exercise;
mod given;

use std::cell::{Cell, RefCell};
use std::io::ErrorKind;

use exercise::{Answer, Counters, Lost, Mode, Order, TRIES, carry_out};
use testkit::{Case, case};

/// What becomes of one try.
#[derive(Clone, Copy)]
enum Fate {
    /// It runs, and the answer arrives.
    Fine,
    /// The line does not come about.
    NoLine(ErrorKind),
    /// It runs, and the answer is lost.
    NoAnswer(ErrorKind),
    /// The order is lost as well. Nobody but the bank can know that.
    Nothing(ErrorKind),
}

/// A bank with 100 in the account. The tries have these fates, one after the other; all later ones are fine.
struct Bank {
    fates: Vec<Fate>,
    tried: RefCell<Vec<usize>>,
    money: Cell<u32>,
    limit: Cell<u32>,
    ran: Cell<u32>,
    /// What no clerk would do, in words.
    odd: RefCell<Option<String>>,
}

impl Bank {
    fn new(fates: &[Fate]) -> Self {
        Bank {
            fates: fates.to_vec(),
            tried: RefCell::default(),
            money: Cell::new(100),
            limit: Cell::new(1000),
            ran: Cell::new(0),
            odd: RefCell::default(),
        }
    }

    fn run(&self, order: Order) -> Answer {
        match order {
            Order::Balance => {}
            Order::Limit(limit) => self.limit.set(limit),
            Order::Transfer(amount) if amount > self.money.get().min(self.limit.get()) => {
                return Answer::Refused;
            }
            Order::Transfer(amount) => self.money.set(self.money.get() - amount),
        }
        self.ran.set(self.ran.get() + 1);
        Answer::Done(self.money.get())
    }

    /// Where it was tried, with the numbers that people give to counters.
    fn tried(&self) -> String {
        let tried = self.tried.borrow();
        let tried = tried
            .iter()
            .map(|counter| format!("counter {}", counter + 1));
        tried.collect::<Vec<_>>().join(", ")
    }
}

impl Counters for Bank {
    fn count(&self) -> usize {
        3
    }

    fn ask(&self, counter: usize, order: Order) -> Result<Answer, Lost> {
        let number = self.tried.borrow().len();
        self.tried.borrow_mut().push(counter);
        if counter >= 3 {
            let odd = format!("you asked at counter {counter}, counted from 0");
            self.odd.borrow_mut().get_or_insert(odd);
        }
        if number >= 50 {
            let odd = "you asked more than 50 times".to_string();
            self.odd.borrow_mut().get_or_insert(odd);
            // Whoever goes on until somebody answers has an answer now.
            return Ok(Answer::Refused);
        }
        match self.fates.get(number).copied().unwrap_or(Fate::Fine) {
            Fate::Fine => Ok(self.run(order)),
            Fate::NoLine(kind) => Err(Lost::Dialling(kind)),
            Fate::Nothing(kind) => Err(Lost::Waiting(kind)),
            Fate::NoAnswer(kind) => {
                self.run(order);
                Err(Lost::Waiting(kind))
            }
        }
    }
}

/// One order, carried out by the learner.
#[track_caller]
fn told(case: &Case, bank: &Bank, first: usize, order: Order, mode: Mode) -> Result<Answer, Lost> {
    let outcome = carry_out(bank, first, order, mode);
    if let Some(odd) = bank.odd.borrow().as_ref() {
        let advice = "There are three counters, 0 to 2, and behind the last one comes the first. Each mode has an end: \
                      after that the order has failed.";
        case.differ(
            "three counters, and few tries",
            format!("{odd} (mode {mode:?})"),
            advice,
        );
    }
    outcome
}

const AGAIN: [Mode; 2] = [Mode::Over, Mode::Try];

#[track_caller]
fn expect_tried(case: &Case, bank: &Bank, mode: Mode, wanted: &str, advice: &str) {
    let tried = bank.tried();
    if tried != wanted {
        case.differ(wanted, format!("{tried} (mode {mode:?})"), advice);
    }
}

// The belief of this exercise. The line broke behind the order, not in front of it.
#[test]
fn a_the_transfer_ran() {
    case(
        "Transfer 10 of 100; the line breaks before the answer",
        |case| {
            for mode in AGAIN {
                let bank = Bank::new(&[Fate::NoAnswer(ErrorKind::ConnectionReset)]);
                let outcome = told(case, &bank, 0, Order::Transfer(10), mode);
                if bank.money.get() < 90 {
                    let answer = format!(
                        "{}: the transfer ran twice (mode {mode:?}: {})",
                        bank.money.get(),
                        bank.tried()
                    );
                    let advice = "The order had been sent, and the bank had carried it out; only its answer was lost. \
                              Nothing here tells a second transfer from a second try of the first one.";
                    case.differ("90 in the account", answer, advice);
                }
                let advice = "It may have run, and it may not. You do not know, so say that: the error is the \
                          honest answer, and a person can look into the account.";
                if outcome != Err(Lost::Waiting(ErrorKind::ConnectionReset)) {
                    let wanted = "Err(Waiting(ConnectionReset))";
                    case.differ(wanted, format!("{outcome:?}"), advice);
                }
                // Perhaps it has not run: that looks the same from here.
                let bank = Bank::new(&[Fate::Nothing(ErrorKind::TimedOut)]);
                let outcome = told(case, &bank, 0, Order::Transfer(10), mode);
                if outcome != Err(Lost::Waiting(ErrorKind::TimedOut)) {
                    let wanted = "Err(Waiting(TimedOut))";
                    case.differ(wanted, format!("{outcome:?}"), advice);
                }
            }
        },
    );
}

#[test]
fn b_nobody_took_the_order() {
    case("Transfer 10 of 100; counter 1 is closed", |case| {
        for mode in AGAIN {
            let bank = Bank::new(&[Fate::NoLine(ErrorKind::ConnectionRefused)]);
            let outcome = told(case, &bank, 0, Order::Transfer(10), mode);
            if outcome != Ok(Answer::Done(90)) {
                let advice = "The order had not been sent when this went wrong, so it cannot have run. Such a try may be \
                              made again, whatever the order is.";
                case.differ(
                    "Ok(Done(90))",
                    format!("{outcome:?} (mode {mode:?})"),
                    advice,
                );
            }
        }
    });
}

// One word for two things: how long we have waited for the line, and how long for the answer.
#[test]
fn c_the_same_error_at_two_places() {
    case(
        "Transfer 10 of 100; the time runs out while dialling",
        |case| {
            for kind in [
                ErrorKind::TimedOut,
                ErrorKind::ConnectionReset,
                ErrorKind::ConnectionRefused,
            ] {
                let bank = Bank::new(&[Fate::NoLine(kind)]);
                let outcome = told(case, &bank, 0, Order::Transfer(10), Mode::Over);
                if outcome != Ok(Answer::Done(90)) {
                    let advice = "It happened while dialling: nothing had been sent. The same kind of error while \
                              waiting is another matter. Where a call failed says more than how.";
                    case.differ(
                        "Ok(Done(90))",
                        format!("{outcome:?} after {kind:?}"),
                        advice,
                    );
                }
                let bank = Bank::new(&[Fate::NoAnswer(kind)]);
                let outcome = told(case, &bank, 0, Order::Transfer(10), Mode::Over);
                if outcome.is_ok() || bank.money.get() != 90 {
                    let answer = format!("{}: the transfer ran twice", bank.money.get());
                    let advice = "The order had been sent; what kind of error came then does not tell \
                              whether it ran.";
                    case.differ("90 in the account", answer, advice);
                }
            }
        },
    );
}

#[test]
fn d_twice_like_once() {
    case(
        "The balance, and a limit of 500; the first answer is lost",
        |case| {
            for mode in AGAIN {
                let bank = Bank::new(&[Fate::NoAnswer(ErrorKind::TimedOut)]);
                let outcome = told(case, &bank, 0, Order::Balance, mode);
                let advice = "To ask twice how much there is changes nothing: ask again.";
                if outcome != Ok(Answer::Done(100)) {
                    case.differ(
                        "Ok(Done(100))",
                        format!("{outcome:?} (mode {mode:?})"),
                        advice,
                    );
                }
                let bank = Bank::new(&[Fate::NoAnswer(ErrorKind::TimedOut)]);
                let outcome = told(case, &bank, 0, Order::Limit(500), mode);
                let advice = "What is the limit after \"the limit is 500\", said once? And said twice? In both cases \
                          is the limit 500. An order may change something and still be safe to repeat.";
                if outcome != Ok(Answer::Done(100)) || bank.limit.get() != 500 {
                    case.differ(
                        "Ok(Done(100))",
                        format!("{outcome:?} (mode {mode:?})"),
                        advice,
                    );
                }
            }
        },
    );
}

#[test]
fn e_no_is_an_answer() {
    case("Transfer 101 of 100", |case| {
        for mode in AGAIN {
            let bank = Bank::new(&[]);
            let outcome = told(case, &bank, 0, Order::Transfer(101), mode);
            let advice = "The bank has decided: `Refused` is an answer. The other counters have the same account.";
            expect_tried(case, &bank, mode, "counter 1", advice);
            if outcome != Ok(Answer::Refused) {
                case.differ("Ok(Refused)", format!("{outcome:?}"), advice);
            }
        }
    });
}

#[test]
fn f_each_mode_goes_its_way() {
    case("The balance at counter 2; no line comes about", |case| {
        let closed = [Fate::NoLine(ErrorKind::ConnectionRefused); 60];
        let tried = |mode| {
            let bank = Bank::new(&closed);
            let outcome = told(case, &bank, 1, Order::Balance, mode);
            if outcome != Err(Lost::Dialling(ErrorKind::ConnectionRefused)) {
                let advice = "Nobody took the order: the last error is the answer.";
                case.differ(
                    "Err(Dialling(ConnectionRefused))",
                    format!("{outcome:?}"),
                    advice,
                );
            }
            bank
        };
        let advice = "`Fast` is for a caller with something better to do than to wait: to fail fast is to try once.";
        expect_tried(case, &tried(Mode::Fast), Mode::Fast, "counter 2", advice);
        let advice = format!(
            "`Try` stays at the same counter, because it has something that the others have not: {TRIES} \
             tries, and then it has failed."
        );
        let same = "counter 2, counter 2, counter 2";
        expect_tried(case, &tried(Mode::Try), Mode::Try, same, &advice);
        let advice = "`Over` goes to another counter each time, round the corner as well, and to each of them \
                      once.";
        let round = "counter 2, counter 3, counter 1";
        expect_tried(case, &tried(Mode::Over), Mode::Over, round, advice);
    });
}

// Several tries can be needed, and each of them is judged by itself.
#[test]
fn g_first_refused_then_lost() {
    case(
        "Transfer 10 of 100; no line first, then no answer",
        |case| {
            let bank = Bank::new(&[
                Fate::NoLine(ErrorKind::ConnectionRefused),
                Fate::NoAnswer(ErrorKind::BrokenPipe),
            ]);
            let outcome = told(case, &bank, 2, Order::Transfer(10), Mode::Over);
            if bank.money.get() != 90 {
                let answer = format!(
                    "{}: the transfer ran {} times",
                    bank.money.get(),
                    bank.ran.get()
                );
                let advice =
                    "The second try may have run, although the first had not. Look at each one.";
                case.differ("90 in the account", answer, advice);
            }
            if outcome != Err(Lost::Waiting(ErrorKind::BrokenPipe)) {
                let advice = "The last try may have run: its error is the one that says so.";
                case.differ("Err(Waiting(BrokenPipe))", format!("{outcome:?}"), advice);
            }
        },
    );
}
