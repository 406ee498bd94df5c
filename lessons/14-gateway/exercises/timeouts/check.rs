//! The check of `timeouts`: two services and a clock that is driven, so nothing here takes real time.

mod exercise;
mod given;

use std::cell::{Cell, RefCell};
use std::time::Duration;

use exercise::{CLEANUP, DeadlineExceeded, LIMIT, Order, RETURN, Request, Services, order};
use testkit::{Case, View, case};

const fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

/// A call: of which service, when, and with which timeout.
#[derive(Clone, Copy)]
struct Asked {
    who: &'static str,
    at: Duration,
    within: Duration,
}

/// Services whose work takes as long as the check says.
struct World {
    now: Cell<Duration>,
    stock: Duration,
    payment: Duration,
    asked: RefCell<Vec<Asked>>,
}

impl World {
    fn new(now: Duration, stock: Duration, payment: Duration) -> Self {
        World {
            now: Cell::new(now),
            stock,
            payment,
            asked: RefCell::default(),
        }
    }

    /// A service needs so long for its work, and stops after `within`.
    fn work(
        &self,
        who: &'static str,
        needs: Duration,
        within: Duration,
    ) -> Result<(), DeadlineExceeded> {
        let at = self.now.get();
        self.asked.borrow_mut().push(Asked { who, at, within });
        self.now.set(at + needs.min(within));
        if needs > within {
            Err(DeadlineExceeded)
        } else {
            Ok(())
        }
    }

    /// The first call of this service.
    fn of(&self, who: &str) -> Option<Asked> {
        let asked = self.asked.borrow();
        asked.iter().find(|asked| asked.who == who).copied()
    }
}

impl Services for World {
    fn now(&self) -> Duration {
        self.now.get()
    }

    fn reserve(&self, within: Duration) -> Result<u32, DeadlineExceeded> {
        self.work("stock", self.stock, within).map(|()| 12)
    }

    fn charge(&self, within: Duration) -> Result<u32, DeadlineExceeded> {
        self.work("payment", self.payment, within).map(|()| 7)
    }

    fn release(&self, _item: u32, within: Duration) -> Result<(), DeadlineExceeded> {
        self.work("release", ms(200), within)
    }
}

fn request(arrived: Duration, timeout: Option<Duration>) -> Request {
    Request { arrived, timeout }
}

fn told(asked: Option<Asked>) -> String {
    match asked {
        Some(asked) => format!("{} has a timeout of {}", asked.who, asked.within.view()),
        None => "it was not called".to_string(),
    }
}

/// Fails unless this call has exactly this timeout.
#[track_caller]
fn expect(case: &Case, world: &World, who: &str, within: Duration, advice: &str) {
    let asked = world.of(who);
    if asked.is_none_or(|asked| asked.within != within) {
        let right = format!("{who} has a timeout of {}", within.view());
        case.differ(right, told(asked), advice);
    }
}

// The belief of this exercise: five seconds for each hop.
#[test]
fn a_pass_on_what_remains() {
    case(
        "The client waits for 1 s; the stock service needs 400 ms",
        |case| {
            let world = World::new(ms(0), ms(400), ms(60_000));
            let outcome = order(&world, &request(ms(0), Some(ms(1000))));
            let payment = world.of("payment");
            let until = payment.map_or(Duration::ZERO, |asked| asked.at + asked.within);
            if until > ms(1000) || payment.is_none() {
                let late = until.saturating_sub(ms(1000));
                let works = format!(
                    "The client closes its connection at 1 s, and the payment service works for {} after that.",
                    late.view()
                );
                let same =
                    world.of("stock").map(|it| it.within) == payment.map(|asked| asked.within);
                let advice = match (payment, same) {
                    (None, _) => "600 ms remain, and the payment service was not called.",
                    (_, true) => {
                        &format!("{works} Pass on what remains: the timeouts of the hops add up.")
                    }
                    (_, false) => &works,
                };
                let right = "payment has a timeout of what remains of 1 s, at most 600 ms";
                case.differ(right, told(payment), advice);
            }
            let advice = "The charge was too slow, so there is no order.";
            case.expect_err("order", &outcome, advice);
        },
    );
    case("Both services are quick", |case| {
        let world = World::new(ms(0), ms(100), ms(100));
        let outcome = order(&world, &request(ms(0), Some(ms(1000))));
        let right = Ok(Order {
            item: 12,
            receipt: 7,
        });
        if outcome != right {
            let advice = "Both calls have succeeded in time.";
            case.differ(format!("{right:?}"), format!("{outcome:?}"), advice);
        }
    });
}

#[test]
fn b_the_clock_starts_when_it_arrives() {
    case(
        "The request has waited in a queue for 300 ms of its 1 s",
        |case| {
            let world = World::new(ms(5_300), ms(60_000), ms(100));
            let _ = order(&world, &request(ms(5_000), Some(ms(1000))));
            let stock = world.of("stock");
            if stock.is_none_or(|asked| asked.within > ms(700)) {
                let advice = "The client has been waiting since the request arrived, and not since the handler began: 300 ms of its second \
                          are over.";
                let right = "stock has a timeout of at most 700 ms";
                case.differ(right, told(stock), advice);
            }
        },
    );
}

#[test]
fn c_nothing_remains() {
    case("The stock service needs the whole second", |case| {
        let world = World::new(ms(0), ms(60_000), ms(100));
        let _ = order(&world, &request(ms(0), Some(ms(1000))));
        if let Some(asked) = world.of("payment") {
            let advice = "The reservation has failed, so there is nothing to charge for.";
            case.differ("payment is not called", told(Some(asked)), advice);
        }
        if let Some(asked) = world.of("release") {
            let advice = "The reservation has failed, so there is nothing to release.";
            case.differ("nothing is released", told(Some(asked)), advice);
        }
    });
    case(
        "The request has waited in a queue until its time was over",
        |case| {
            let world = World::new(ms(9_000), ms(100), ms(100));
            let outcome = order(&world, &request(ms(5_000), Some(ms(1000))));
            if let Some(asked) = world.of("stock") {
                let advice = "The client has gone. A service that is called now works without a client, and delays other requests. When \
                          nothing remains, make no call.";
                case.differ("no service is called", told(Some(asked)), advice);
            }
            let advice = "There is no order: the time was over.";
            case.expect_err("order", &outcome, advice);
        },
    );
}

#[test]
fn d_the_time_for_the_response() {
    case("The response has to travel to the client", |case| {
        let world = World::new(ms(0), ms(400), ms(60_000));
        let _ = order(&world, &request(ms(0), Some(ms(1000))));
        let advice = "The response needs `RETURN` (50 ms) to the client. If the calls use all of the time, it comes after the client \
                      has gone.";
        expect(case, &world, "stock", ms(950), advice);
        expect(case, &world, "payment", ms(550), advice);
    });
    case(
        "The reservation succeeds 30 ms before the client goes",
        |case| {
            let world = World::new(ms(0), ms(970), ms(10));
            let outcome = order(&world, &request(ms(0), Some(ms(1000))));
            if outcome.is_ok() || world.of("payment").is_some() {
                let advice = "30 ms are left, and the response needs 50: it cannot reach the client in time.";
                case.differ("payment is not called", told(world.of("payment")), advice);
            }
        },
    );
}

#[test]
fn e_the_limit() {
    for (situation, within) in [
        ("A client without a timeout", None),
        ("A client with a timeout of an hour", Some(ms(3_600_000))),
    ] {
        case(situation, |case| {
            let world = World::new(ms(0), ms(3_000), ms(60_000));
            let _ = order(&world, &request(ms(0), within));
            let advice = "No request takes longer than `LIMIT` (5 s), whatever the client says: each open request holds memory and a \
                          connection.";
            expect(case, &world, "stock", LIMIT - RETURN, advice);
            let advice = "`LIMIT` is for the whole request. The stock service has used 3 s of it. With a limit for each hop, two hops make \
                          ten seconds.";
            expect(case, &world, "payment", LIMIT - RETURN - ms(3_000), advice);
        });
    }
}

#[test]
fn f_the_release_has_its_own_time() {
    for (situation, stock, payment) in [
        (
            "The item is reserved, and the charge is too slow",
            ms(400),
            ms(60_000),
        ),
        (
            "The reservation took all but 10 ms of the time",
            ms(940),
            ms(60_000),
        ),
        (
            "The reservation succeeds when nothing is left",
            ms(950),
            ms(100),
        ),
    ] {
        case(situation, |case| {
            let world = World::new(ms(0), stock, payment);
            let outcome = order(&world, &request(ms(0), Some(ms(1000))));
            let advice = match world.of("release") {
                None if stock == ms(950) => {
                    "No time remains for the charge, and `order` has returned before the release: the item stays reserved."
                }
                None => {
                    "The item is not released, so it stays reserved: other clients cannot have it."
                }
                Some(_) => {
                    "The client's time is over, and its item is still reserved: other clients cannot have it. The release is not \
                     for the client, so its timeout is `CLEANUP` (2 s)."
                }
            };
            expect(case, &world, "release", CLEANUP, advice);
            let advice = "Without a charge there is no order.";
            case.expect_err("order", &outcome, advice);
        });
    }
}
