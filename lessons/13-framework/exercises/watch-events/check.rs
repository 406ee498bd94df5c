//! The check of `watch-events`. The barrier is a table of what happens when, and the clock is a number: a
//! day at the car park takes no time.

mod exercise;
mod given;

use std::collections::BTreeSet;
use std::time::Duration;

use exercise::{Barrier, Event, Snapshot, Told, Trouble, follow};
use services::testkit::{Case, PATIENCE, case};

/// A look takes so long, in milliseconds. What happens meanwhile is not in it.
const LOOK: u64 = 5;

/// More questions than any scene needs. One that gets here would never end.
const MOST: usize = 5_000;

/// A car comes in, or goes out.
#[derive(Clone, Copy)]
enum Car {
    In(&'static str),
    Out(&'static str),
}
use Car::{In, Out};

/// One day. Times are milliseconds.
#[derive(Clone, Default)]
struct Day {
    /// When, with which number, what. Those at 0 were there before.
    table: Vec<(u64, u64, Car)>,
    /// From when until when nobody answers.
    away: Vec<(u64, u64)>,
    /// Then all numbers up to this one are cut off.
    cut: Option<(u64, u64)>,
    end: u64,
    now: u64,
    /// When each question was asked.
    asked: Vec<u64>,
}

impl Day {
    fn new(table: &[(u64, u64, Car)]) -> Self {
        Day {
            table: table.to_vec(),
            end: 60_000,
            // The journal begins in the morning.
            cut: Some((0, 40)),
            ..Day::default()
        }
    }

    fn ask(&mut self) -> Result<(), Trouble> {
        self.asked.push(self.now);
        if self.now >= self.end || self.asked.len() > MOST {
            return Err(Trouble::Over);
        }
        match self.away_until(self.now) {
            Some(_) => Err(Trouble::Away),
            None => Ok(()),
        }
    }

    fn away_until(&self, at: u64) -> Option<u64> {
        let away = self
            .away
            .iter()
            .find(|(from, to)| (*from..*to).contains(&at));
        away.map(|(_, to)| *to)
    }
}

impl Barrier for Day {
    fn list(&mut self) -> Result<Snapshot, Trouble> {
        self.ask()?;
        let mut snapshot = Snapshot {
            number: 40,
            cars: BTreeSet::new(),
        };
        for (_, number, car) in self.table.iter().filter(|(at, ..)| *at <= self.now) {
            snapshot.number = *number;
            match car {
                In(car) => drop(snapshot.cars.insert(car.to_string())),
                Out(car) => drop(snapshot.cars.remove(*car)),
            }
        }
        self.now += LOOK;
        Ok(snapshot)
    }

    fn after(&mut self, number: u64) -> Result<(u64, Event), Trouble> {
        self.ask()?;
        if self
            .cut
            .is_some_and(|(at, cut)| at <= self.now && number < cut)
        {
            return Err(Trouble::Forgotten);
        }
        let next = self.table.iter().find(|(_, its, _)| *its > number);
        let at = next.map_or(self.end, |(at, ..)| *at).max(self.now);
        // Whoever waits when the line breaks is told.
        let broken = self.away.iter().map(|(from, _)| *from);
        if let Some(broken) = broken.filter(|from| (self.now..at).contains(from)).min() {
            self.now = broken;
            return Err(Trouble::Away);
        }
        self.now = at;
        match next {
            Some((_, number, In(car))) => Ok((*number, Event::In(car.to_string()))),
            Some((_, number, Out(car))) => Ok((*number, Event::Out(car.to_string()))),
            None => Err(Trouble::Over),
        }
    }

    fn pause(&mut self, time: Duration) {
        self.now += u64::try_from(time.as_millis()).unwrap_or(self.end);
    }
}

/// Runs the learner's watch through a day; what was told, and the day.
#[track_caller]
fn watched(case: &Case, mut day: Day) -> (Vec<String>, Day) {
    let advice = "`Trouble::Over` ends it.";
    case.run_within(PATIENCE * 3, "follow", advice, move || {
        let mut told = Vec::new();
        follow(&mut day, |what| told.push(words(&what)));
        (told, day)
    })
}

fn words(told: &Told) -> String {
    match told {
        Told::In(car) => format!("{car} in"),
        Told::Out(car) => format!("{car} out"),
        Told::Gap => "a gap".to_string(),
    }
}

/// Fails unless exactly this was told.
#[track_caller]
fn expect(case: &Case, told: &[String], expected: &[&str], advice: &str) {
    if told != expected {
        let answer = match told {
            [] => "nothing".to_string(),
            // A watch that goes in circles tells a lot.
            told if told.len() > 12 => {
                format!("{}, and {} more", told[..12].join(", "), told.len() - 12)
            }
            told => told.join(", "),
        };
        case.differ(expected.join(", "), answer, advice);
    }
}

// The belief of this exercise. Lists one after the other look like a film, and are photographs.
#[test]
fn a_between_two_looks() {
    case("B comes at 10.2 s, and goes at 10.7 s", |case| {
        let day = Day::new(&[(10_200, 41, In("B")), (10_700, 42, Out("B"))]);
        let (told, _) = watched(case, day);
        let advice = "B came and went between two looks: it was in no list, and it has not paid. A list \
                      says how things are; what happens, only `after` says.";
        expect(case, &told, &["B in", "B out"], advice);
    });
    case("B comes, and turns round in the same millisecond", |case| {
        let day = Day::new(&[(10_000, 41, In("B")), (10_000, 42, Out("B"))]);
        let (told, _) = watched(case, day);
        let advice = "Before and after it the list is the same, and no two looks are close enough to see it: B \
                      came and went between two looks. Only `after` says what happens.";
        expect(case, &told, &["B in", "B out"], advice);
    });
}

#[test]
fn b_from_the_list_to_the_events() {
    case("A is in; B comes while you are still looking", |case| {
        let day = Day::new(&[(0, 41, In("A")), (2, 42, In("B")), (9_000, 43, Out("A"))]);
        let (told, _) = watched(case, day);
        let advice = "Those who are in already first, from one look, and then the events. The look comes with a number: \
                      whatever has a larger one is not in it.";
        expect(case, &told, &["A in", "B in", "A out"], advice);
    });
}

#[test]
fn c_numbers_leap() {
    case("The numbers are 41, 57 and 90", |case| {
        let day = Day::new(&[
            (0, 41, In("A")),
            (9_000, 57, In("B")),
            (12_000, 90, Out("B")),
        ]);
        let (told, _) = watched(case, day);
        let advice = "Each event comes with its number, and the next question is for what comes after that one. Your own \
                      number plus one is somewhere before it: then the same event comes again, and is told twice.";
        expect(case, &told, &["A in", "B in", "B out"], advice);
    });
}

#[test]
fn d_the_line_is_broken() {
    case(
        "The barrier is away from 5 s to 8 s; B comes at 6 s and goes at 7 s",
        |case| {
            let mut day = Day::new(&[
                (0, 41, In("A")),
                (6_000, 42, In("B")),
                (7_000, 43, Out("B")),
            ]);
            day.away = vec![(5_000, 8_000)];
            let (told, _) = watched(case, day);
            let advice = "The line was broken, and the journal was not: what comes after your last number is still there. Whoever \
                      looks anew instead tells some things twice, and others never.";
            expect(case, &told, &["A in", "B in", "B out"], advice);
        },
    );
}

#[test]
fn e_the_journal_has_forgotten() {
    case(
        "The line is broken, and meanwhile the paper is cut off",
        |case| {
            let mut day = Day::new(&[
                (0, 41, In("A")),
                (0, 42, In("B")),
                (6_000, 43, Out("A")),
                (6_500, 44, In("C")),
                (7_000, 45, In("D")),
                (7_500, 46, Out("D")),
                (20_000, 47, In("A")),
            ]);
            day.away = vec![(5_000, 8_000)];
            day.cut = Some((7_900, 46));
            let (told, _) = watched(case, day);
            let advice = "Nobody can say what has happened (D was here, and will not pay): tell `Gap`. What can be said is how \
                      things are now: look, and tell what is different from what the cash desk has heard. Then go on after \
                      the number of that look.";
            let expected = ["A in", "B in", "a gap", "A out", "C in", "A in"];
            expect(case, &told, &expected, advice);
        },
    );
}

#[test]
fn f_a_pause_between_attempts() {
    case("The barrier is away from 5 s to 35 s", |case| {
        let mut day = Day::new(&[(0, 41, In("A")), (36_000, 42, In("B"))]);
        day.away = vec![(5_000, 35_000)];
        let (told, day) = watched(case, day);
        let asked = day.asked.iter().filter(|at| (5_000..35_000).contains(*at));
        let asked = asked.count();
        if asked > 310 {
            let advice = "Without a pause you ask as fast as you can, and the barrier has to come up under that.";
            case.differ("at most 300 attempts", format!("{asked} attempts"), advice);
        }
        let advice = "A second after the barrier is back you go on.";
        expect(case, &told, &["A in", "B in"], advice);
    });
}

// Not about your answer: that the barrier of this check keeps to what it promises.
#[test]
fn z_the_barrier_itself() {
    let mut day = Day::new(&[(0, 41, In("A")), (7_000, 52, Out("A"))]);
    day.away = vec![(2_000, 3_000)];
    assert_eq!(day.after(39), Err(Trouble::Forgotten));
    assert_eq!(day.after(41), Err(Trouble::Away), "the line breaks");
    day.pause(Duration::from_secs(1));
    assert_eq!(day.after(41), Ok((52, Event::Out("A".to_string()))));
    assert_eq!(day.after(52), Err(Trouble::Over));
    assert_eq!(words(&Told::Gap), "a gap");
}
