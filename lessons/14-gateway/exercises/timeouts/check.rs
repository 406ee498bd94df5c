//! The check of `timeouts`. It plays an airline, a hotel and the clock on the wall: nothing here takes real time.

mod exercise;
mod given;

use std::cell::{Cell, RefCell};
use std::time::Duration;

use exercise::{HOME, LIMIT, Late, TIDY, Trip, Wish, World, book};
use services::testkit::{Case, View, case};

const fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

/// What somebody was asked, when, and how long they were to work at most.
#[derive(Clone, Copy)]
struct Asked {
    who: &'static str,
    at: Duration,
    within: Duration,
}

/// A world in which each answer takes as long as the check says.
struct TheWorld {
    now: Cell<Duration>,
    airline: Duration,
    hotel: Duration,
    asked: RefCell<Vec<Asked>>,
}

impl TheWorld {
    fn new(now: Duration, airline: Duration, hotel: Duration) -> Self {
        TheWorld {
            now: Cell::new(now),
            airline,
            hotel,
            asked: RefCell::default(),
        }
    }

    /// Somebody works for `needs`, and stops after `within`.
    fn work(&self, who: &'static str, needs: Duration, within: Duration) -> Result<(), Late> {
        let at = self.now.get();
        self.asked.borrow_mut().push(Asked { who, at, within });
        self.now.set(at + needs.min(within));
        if needs > within { Err(Late) } else { Ok(()) }
    }

    /// What this one was asked first.
    fn of(&self, who: &str) -> Option<Asked> {
        let asked = self.asked.borrow();
        asked.iter().find(|asked| asked.who == who).copied()
    }
}

impl World for TheWorld {
    fn now(&self) -> Duration {
        self.now.get()
    }

    fn seat(&self, within: Duration) -> Result<u32, Late> {
        self.work("airline", self.airline, within).map(|()| 12)
    }

    fn bed(&self, within: Duration) -> Result<u32, Late> {
        self.work("hotel", self.hotel, within).map(|()| 7)
    }

    fn give_back(&self, _seat: u32, within: Duration) -> Result<(), Late> {
        self.work("desk for returns", ms(200), within)
    }
}

fn wish(arrived: Duration, within: Option<Duration>) -> Wish {
    Wish { arrived, within }
}

fn told(asked: Option<Asked>) -> String {
    match asked {
        Some(asked) => format!("the {} may work for {}", asked.who, asked.within.view()),
        None => "it was not asked".to_string(),
    }
}

/// Fails unless somebody was given exactly this time.
#[track_caller]
fn expect(case: &Case, world: &TheWorld, who: &str, within: Duration, advice: &str) {
    let asked = world.of(who);
    if asked.is_none_or(|asked| asked.within != within) {
        let right = format!("the {who} may work for {}", within.view());
        case.differ(right, told(asked), advice);
    }
}

// The belief of this exercise: five seconds here, five seconds there.
#[test]
fn a_pass_on_what_remains() {
    case(
        "The traveller waits for 1 s; the airline takes 400 ms",
        |case| {
            let world = TheWorld::new(ms(0), ms(400), ms(60_000));
            let outcome = book(&world, &wish(ms(0), Some(ms(1000))));
            let hotel = world.of("hotel");
            let until = hotel.map_or(Duration::ZERO, |asked| asked.at + asked.within);
            if until > ms(1000) || hotel.is_none() {
                let late = until.saturating_sub(ms(1000));
                let advice = if hotel.is_none() {
                    "There were 600 ms left, and the hotel was not asked."
                } else {
                    &format!(
                        "The client quit at 1 s, and the hotel worked for {} after that, for nobody: pass on \
                     what remains. A clock of its own at each hop adds up.",
                        late.view()
                    )
                };
                let right = "the hotel may work for what remains of 1 s, at most 600 ms";
                case.differ(right, told(hotel), advice);
            }
            let advice = "The hotel was late, so there is no trip.";
            case.expect_err("book", &outcome, advice);
        },
    );
    case("Both are quick", |case| {
        let world = TheWorld::new(ms(0), ms(100), ms(100));
        let outcome = book(&world, &wish(ms(0), Some(ms(1000))));
        let right = Ok(Trip { seat: 12, bed: 7 });
        if outcome != right {
            let advice = "Both had time enough: this is a trip.";
            case.differ(format!("{right:?}"), format!("{outcome:?}"), advice);
        }
    });
}

#[test]
fn b_the_clock_starts_when_it_arrives() {
    case("The wish lay on the desk for 300 ms of its 1 s", |case| {
        let world = TheWorld::new(ms(5_300), ms(60_000), ms(100));
        let _ = book(&world, &wish(ms(5_000), Some(ms(1000))));
        let airline = world.of("airline");
        if airline.is_none_or(|asked| asked.within > ms(700)) {
            let advice = "The traveller has been waiting since the wish arrived, and not since you began: 300 ms of \
                          his second are over.";
            let right = "the airline may work for at most 700 ms";
            case.differ(right, told(airline), advice);
        }
    });
}

#[test]
fn c_nothing_remains() {
    case("The airline takes the whole second", |case| {
        let world = TheWorld::new(ms(0), ms(60_000), ms(100));
        let _ = book(&world, &wish(ms(0), Some(ms(1000))));
        if let Some(asked) = world.of("hotel") {
            let advice = "The airline was late, and without a seat nobody needs a bed.";
            case.differ("the hotel is not asked", told(Some(asked)), advice);
        }
    });
    case("The wish lay on the desk until its time was over", |case| {
        let world = TheWorld::new(ms(9_000), ms(100), ms(100));
        let outcome = book(&world, &wish(ms(5_000), Some(ms(1000))));
        if let Some(asked) = world.of("airline") {
            let advice = "The traveller has gone. Whoever is asked now works for nobody, and keeps others waiting: \
                          when nothing remains, ask nobody.";
            case.differ("nobody is asked", told(Some(asked)), advice);
        }
        let advice = "There is no trip: the time was over.";
        case.expect_err("book", &outcome, advice);
    });
}

#[test]
fn d_the_way_home() {
    case("What you say has to travel to the traveller", |case| {
        let world = TheWorld::new(ms(0), ms(400), ms(60_000));
        let _ = book(&world, &wish(ms(0), Some(ms(1000))));
        let advice = "Your own answer takes `HOME` (50 ms) to the traveller. Who uses his time up to the last \
                      moment answers somebody who has just gone.";
        expect(case, &world, "airline", ms(950), advice);
        expect(case, &world, "hotel", ms(550), advice);
    });
    case("The seat came 30 ms before the traveller goes", |case| {
        let world = TheWorld::new(ms(0), ms(970), ms(10));
        let outcome = book(&world, &wish(ms(0), Some(ms(1000))));
        if outcome.is_ok() || world.of("hotel").is_some() {
            let advice = "There were 30 ms left and the way home takes 50: no answer could have reached him.";
            case.differ("the hotel is not asked", told(world.of("hotel")), advice);
        }
    });
}

#[test]
fn e_our_own_limit() {
    for (situation, within) in [
        ("A traveller who says nothing of the time", None),
        ("A traveller who waits for an hour", Some(ms(3_600_000))),
    ] {
        case(situation, |case| {
            let world = TheWorld::new(ms(0), ms(3_000), ms(60_000));
            let _ = book(&world, &wish(ms(0), within));
            let advice = "We work for nobody longer than `LIMIT` (5 s), whatever he says: a million patient travellers \
                          would be a million open wishes.";
            expect(case, &world, "airline", LIMIT - HOME, advice);
            let advice = "`LIMIT` is for the whole wish. The airline has had 3 s of it; if each hop gets all of \
                          it, two hops make ten seconds.";
            expect(case, &world, "hotel", LIMIT - HOME - ms(3_000), advice);
        });
    }
}

// What has to be cleared away has to be cleared away also when nobody waits any more.
#[test]
fn f_giving_back_has_its_own_time() {
    for (situation, airline, hotel) in [
        (
            "There is a seat, and the hotel is late",
            ms(400),
            ms(60_000),
        ),
        (
            "The seat took all but 10 ms of the time",
            ms(940),
            ms(60_000),
        ),
        ("The seat came when nothing was left", ms(950), ms(100)),
    ] {
        case(situation, |case| {
            let world = TheWorld::new(ms(0), airline, hotel);
            let outcome = book(&world, &wish(ms(0), Some(ms(1000))));
            let advice = "The time of the traveller is over, and the seat is still his: somebody else cannot have it. \
                          Clearing up is not done for him, so it does not run on his clock: give it `TIDY` (2 s).";
            expect(case, &world, "desk for returns", TIDY, advice);
            let advice = "No bed, no trip.";
            case.expect_err("book", &outcome, advice);
        });
    }
}
