//! The check of `fail-modes`. It plays the instances of an account service with one database.

mod exercise;
mod given;

use std::cell::{Cell, RefCell};
use std::io::ErrorKind;

use exercise::{ATTEMPTS, Failure, Instances, Method, Mode, Reply, call};
use testkit::{Case, case};

/// What becomes of one attempt.
#[derive(Clone, Copy)]
enum Fate {
    /// The method runs, and the reply arrives.
    Fine,
    /// No connection comes about.
    NoConnection(ErrorKind),
    /// The method runs, and the reply is lost.
    ReplyLost(ErrorKind),
    /// The call is lost on its way. The caller cannot tell this from a lost reply.
    CallLost(ErrorKind),
}

/// So many instances, with 100 in the account. The attempts have these fates in turn; all later ones are fine.
struct World {
    count: usize,
    fates: Vec<Fate>,
    attempted: RefCell<Vec<usize>>,
    money: Cell<u32>,
    limit: Cell<u32>,
    /// An attempt that no mode makes, in words.
    odd: RefCell<Option<String>>,
}

impl World {
    fn new(count: usize, fates: &[Fate]) -> Self {
        World {
            count,
            fates: fates.to_vec(),
            attempted: RefCell::default(),
            money: Cell::new(100),
            limit: Cell::new(1000),
            odd: RefCell::default(),
        }
    }

    fn run(&self, method: Method) -> Reply {
        match method {
            Method::Balance => {}
            Method::SetLimit(limit) => self.limit.set(limit),
            Method::Transfer(amount) if amount > self.money.get().min(self.limit.get()) => {
                return Reply::Refused;
            }
            Method::Transfer(amount) => self.money.set(self.money.get() - amount),
        }
        Reply::Done(self.money.get())
    }

    /// At which instances attempts were made.
    fn attempted(&self) -> String {
        let attempted = self.attempted.borrow();
        let numbers = attempted.iter().map(ToString::to_string);
        format!(
            "attempts at instance {}",
            numbers.collect::<Vec<_>>().join(", ")
        )
    }
}

impl Instances for World {
    fn count(&self) -> usize {
        self.count
    }

    fn call(&self, instance: usize, method: Method) -> Result<Reply, Failure> {
        let number = self.attempted.borrow().len();
        self.attempted.borrow_mut().push(instance);
        if instance >= self.count {
            let odd = format!(
                "an attempt at instance {instance}, and there are {}",
                self.count
            );
            self.odd.borrow_mut().get_or_insert(odd);
        }
        if number >= 50 {
            let odd = "more than 50 attempts".to_string();
            self.odd.borrow_mut().get_or_insert(odd);
            // A loop that goes on until a reply comes has one now.
            return Ok(Reply::Refused);
        }
        match self.fates.get(number).copied().unwrap_or(Fate::Fine) {
            Fate::Fine => Ok(self.run(method)),
            Fate::NoConnection(kind) => Err(Failure::Connecting(kind)),
            Fate::CallLost(kind) => Err(Failure::Waiting(kind)),
            Fate::ReplyLost(kind) => {
                self.run(method);
                Err(Failure::Waiting(kind))
            }
        }
    }
}

/// One call by the learner's function.
#[track_caller]
fn told(
    case: &Case,
    world: &World,
    first: usize,
    method: Method,
    mode: Mode,
) -> Result<Reply, Failure> {
    let outcome = call(world, first, method, mode);
    if let Some(odd) = world.odd.borrow().as_ref() {
        let advice = "Instances have the numbers 0 to `count() - 1`, and instance 0 follows the last one. Each mode has \
                      an end: after that the last failure is the result.";
        let wanted = "attempts at instances that exist, and few of them";
        case.differ(wanted, format!("{odd} (mode {mode:?})"), advice);
    }
    outcome
}

/// Fails unless this is the outcome.
#[track_caller]
fn expect(
    case: &Case,
    wanted: Result<Reply, Failure>,
    outcome: Result<Reply, Failure>,
    mode: Mode,
    advice: &str,
) {
    if outcome != wanted {
        let answer = format!("{outcome:?} (mode {mode:?})");
        case.differ(format!("{wanted:?}"), answer, advice);
    }
}

const AGAIN: [Mode; 2] = [Mode::Over, Mode::Try];

#[track_caller]
fn expect_attempted(case: &Case, world: &World, mode: Mode, wanted: &str, advice: &str) {
    let attempted = world.attempted();
    if attempted != wanted {
        case.differ(wanted, format!("{attempted} (mode {mode:?})"), advice);
    }
}

// The belief of this exercise. The connection broke after the call was sent.
#[test]
fn a_the_transfer_ran() {
    case(
        "Transfer 10 of 100; it runs, and the connection breaks before the reply",
        |case| {
            for mode in AGAIN {
                let reset = ErrorKind::ConnectionReset;
                let world = World::new(3, &[Fate::ReplyLost(reset)]);
                let outcome = told(case, &world, 0, Method::Transfer(10), mode);
                if world.money.get() < 90 {
                    let money = world.money.get();
                    let answer = format!(
                        "{money} in the account: the transfer ran twice (mode {mode:?}: {})",
                        world.attempted()
                    );
                    let advice = "The call had been sent, and the service had run it. Only its reply was lost. The service \
                              cannot tell a second attempt from a second transfer.";
                    case.differ("90 in the account", answer, advice);
                }
                let advice = "The transfer may have run, or it may not. The caller does not know, and the failure says so: \
                          then the caller can read the account.";
                expect(case, Err(Failure::Waiting(reset)), outcome, mode, advice);
                // A call that was lost on its way looks the same to the caller.
                let late = ErrorKind::TimedOut;
                let world = World::new(3, &[Fate::CallLost(late)]);
                let outcome = told(case, &world, 0, Method::Transfer(10), mode);
                expect(case, Err(Failure::Waiting(late)), outcome, mode, advice);
            }
        },
    );
}

#[test]
fn b_the_connection_is_refused() {
    case(
        "Transfer 10 of 100; instance 0 refuses the connection",
        |case| {
            for mode in AGAIN {
                let world = World::new(3, &[Fate::NoConnection(ErrorKind::ConnectionRefused)]);
                let outcome = told(case, &world, 0, Method::Transfer(10), mode);
                let again = World::new(3, &[Fate::NoConnection(ErrorKind::ConnectionRefused)]);
                let advice = match told(case, &again, 0, Method::Balance, mode) {
                    Ok(_) => {
                        "The call had not been sent, so it cannot have run. Such an attempt may be repeated, whatever \
                         the method is."
                    }
                    Err(_) => {
                        "No call is repeated, not even one that reads, after a refused connection."
                    }
                };
                expect(case, Ok(Reply::Done(90)), outcome, mode, advice);
            }
        },
    );
}

// One kind of error in two phases.
#[test]
fn c_the_same_error_in_two_phases() {
    let mode = Mode::Over;
    for kind in [
        ErrorKind::TimedOut,
        ErrorKind::ConnectionReset,
        ErrorKind::ConnectionRefused,
    ] {
        case(
            &format!("Transfer 10 of 100; {kind:?} while connecting"),
            |case| {
                let world = World::new(3, &[Fate::NoConnection(kind)]);
                let outcome = told(case, &world, 0, Method::Transfer(10), mode);
                let advice = "It failed while connecting: nothing had been sent. The phase in which an attempt fails says \
                          more than the kind of the error.";
                expect(case, Ok(Reply::Done(90)), outcome, mode, advice);
            },
        );
        case(
            &format!("Transfer 10 of 100; {kind:?} while waiting"),
            |case| {
                let world = World::new(3, &[Fate::ReplyLost(kind)]);
                let outcome = told(case, &world, 0, Method::Transfer(10), mode);
                if world.money.get() != 90 {
                    let answer = format!("{} in the account", world.money.get());
                    let advice = "The call had been sent. The kind of the error that came then does not say whether the \
                              call ran.";
                    case.differ("90 in the account", answer, advice);
                }
                let advice =
                    "The caller cannot know whether the transfer ran, and gets the failure.";
                expect(case, Err(Failure::Waiting(kind)), outcome, mode, advice);
            },
        );
    }
}

#[test]
fn d_idempotent_methods() {
    for mode in AGAIN {
        case("Balance; the first reply is lost", |case| {
            let world = World::new(3, &[Fate::ReplyLost(ErrorKind::TimedOut)]);
            let outcome = told(case, &world, 0, Method::Balance, mode);
            let advice =
                "To read the balance twice changes nothing, so the attempt may be repeated.";
            expect(case, Ok(Reply::Done(100)), outcome, mode, advice);
        });
        case("SetLimit 500; the first reply is lost", |case| {
            let world = World::new(3, &[Fate::ReplyLost(ErrorKind::TimedOut)]);
            let outcome = told(case, &world, 0, Method::SetLimit(500), mode);
            let advice = "What is the limit after SetLimit 500 has run once, and what after it has run twice? A method \
                          may change something and still be idempotent.";
            expect(case, Ok(Reply::Done(100)), outcome, mode, advice);
            if world.limit.get() != 500 {
                let answer = format!("the limit is {}", world.limit.get());
                case.differ(
                    "the limit is 500",
                    answer,
                    "The reply belongs to the method that was called.",
                );
            }
        });
    }
}

#[test]
fn e_refused_is_a_reply() {
    case("Transfer 101 of 100", |case| {
        for mode in AGAIN {
            let world = World::new(3, &[]);
            let outcome = told(case, &world, 0, Method::Transfer(101), mode);
            let advice = "The service has decided: `Refused` is a reply. The other instances have the same database.";
            expect_attempted(case, &world, mode, "attempts at instance 0", advice);
            expect(case, Ok(Reply::Refused), outcome, mode, advice);
        }
    });
}

#[test]
fn f_each_mode() {
    let refused = ErrorKind::ConnectionRefused;
    for (count, first, over) in [(4, 2, "2, 3, 0, 1"), (2, 1, "1, 0"), (1, 0, "0")] {
        case(
            &format!("Balance at instance {first} of {count}; no connection comes about"),
            |case| {
                let attempted = |mode| {
                    let world = World::new(count, &[Fate::NoConnection(refused); 60]);
                    let outcome = told(case, &world, first, Method::Balance, mode);
                    let advice = "No instance took the call: the last failure is the result.";
                    expect(
                        case,
                        Err(Failure::Connecting(refused)),
                        outcome,
                        mode,
                        advice,
                    );
                    world
                };
                let same = format!("attempts at instance {first}");
                let advice = "`Fast` makes one attempt, for a caller that has something better to do than to wait.";
                expect_attempted(case, &attempted(Mode::Fast), Mode::Fast, &same, advice);
                let stays =
                    |world: &World| world.attempted().starts_with(&format!("{same}, {first}"));
                let (tried, went) = (attempted(Mode::Try), attempted(Mode::Over));
                let stay = match stays(&tried) {
                    true => "`Try`",
                    false => "`Try` stays at the same instance, and",
                };
                let advice = format!("{stay} makes {ATTEMPTS} attempts.");
                let wanted = format!("{same}, {first}, {first}");
                expect_attempted(case, &tried, Mode::Try, &wanted, &advice);
                let advice = match stays(&went) {
                    true => {
                        "`Over` goes to the next instance each time, and each instance gets one attempt."
                    }
                    false => {
                        "Behind each instance comes the one with the next number, and behind the last one instance 0."
                    }
                };
                let wanted = format!("attempts at instance {over}");
                expect_attempted(case, &went, Mode::Over, &wanted, advice);
            },
        );
    }
}

// More than one repetition can be needed, and each failure is judged by itself.
#[test]
fn g_first_refused_then_lost() {
    case(
        "Transfer 10 of 100; a refused connection first, then a lost reply",
        |case| {
            for mode in AGAIN {
                let broken = ErrorKind::BrokenPipe;
                let fates = [
                    Fate::NoConnection(ErrorKind::ConnectionRefused),
                    Fate::ReplyLost(broken),
                ];
                let world = World::new(3, &fates);
                let outcome = told(case, &world, 2, Method::Transfer(10), mode);
                if world.money.get() != 90 {
                    let answer = format!(
                        "{} in the account: {}",
                        world.money.get(),
                        world.attempted()
                    );
                    let advice = "The first attempt has not run, and the second one may have. Each failure decides about \
                              the attempt after it.";
                    case.differ("90 in the account", answer, advice);
                }
                let advice = "The last attempt may have run: its failure is the one that says so.";
                expect(case, Err(Failure::Waiting(broken)), outcome, mode, advice);
            }
        },
    );
}
