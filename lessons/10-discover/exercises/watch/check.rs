//! The check of `watch`: Consul is a timetable, and the clock is a number, so five minutes take no time.

mod exercise;
mod given;

use std::collections::BTreeSet;
use std::time::Duration;

use exercise::{Answer, Change, Consul, QueryError, follow};
use services::testkit::{Case, PATIENCE, case, schedules};

/// How long Consul holds a query at most, in milliseconds: five minutes.
const MAX_WAIT: u64 = 300_000;

/// More queries than a scene needs. The watch is ended there.
const MAX_QUERIES: usize = 2_000;

/// What Consul is like from some second on.
#[derive(Clone, Copy)]
enum State {
    Unavailable,
    /// The index, and the healthy instances.
    Lists(u64, &'static [&'static str]),
}
use State::{Lists, Unavailable};

/// A Consul that follows a timetable of `(second, state)`, and the clock. The watch ends at `end` or soon after.
struct Timetable {
    states: Vec<(u64, State)>,
    end: u64,
    /// The time, in milliseconds.
    now: u64,
    /// When each query came, and its index.
    queries: Vec<(u64, u64)>,
    /// When each answer was given, and its list.
    answers: Vec<(u64, BTreeSet<String>)>,
}

impl Timetable {
    fn state(&self) -> State {
        let past = self.states.iter().take_while(|(at, _)| *at <= self.now);
        past.last().map_or(Unavailable, |(_, state)| *state)
    }

    /// When the state changes next.
    fn next(&self) -> u64 {
        let next = self.states.iter().find(|(at, _)| *at > self.now);
        next.map_or(self.end, |(at, _)| *at)
    }

    fn answer(&mut self, index: u64, ids: &[&str]) -> Result<Answer, QueryError> {
        let ids: BTreeSet<String> = ids.iter().map(ToString::to_string).collect();
        self.answers.push((self.now, ids.clone()));
        Ok(Answer { index, ids })
    }

    /// The queries between two seconds.
    fn queries(&self, from: u64, to: u64) -> usize {
        let between = |(at, _): &&(u64, u64)| (from * 1000..to * 1000).contains(at);
        self.queries.iter().filter(between).count()
    }
}

impl Consul for Timetable {
    fn query(&mut self, asked: u64) -> Result<Answer, QueryError> {
        self.queries.push((self.now, asked));
        let until = self.now + MAX_WAIT;
        self.now += 5;
        loop {
            if self.now >= self.end || self.queries.len() > MAX_QUERIES {
                return Err(QueryError::Ended);
            }
            match self.state() {
                Unavailable => return Err(QueryError::Unavailable),
                Lists(index, ids) if asked == 0 || index > asked || self.now >= until => {
                    return self.answer(index, ids);
                }
                // A smaller index wakes no query. An agent that reports 0 wakes a query with 1 at each change.
                Lists(before, _) => {
                    self.now = self.next().min(until);
                    if let (0..=1, 0, Lists(index, ids)) = (asked, before, self.state()) {
                        return self.answer(index, ids);
                    }
                }
            }
        }
    }

    fn pause(&mut self, time: Duration) {
        self.now += u64::try_from(time.as_millis()).unwrap_or(MAX_WAIT);
    }
}

fn added(id: &str) -> Change {
    Change::Added(id.to_string())
}

fn removed(id: &str) -> Change {
    Change::Removed(id.to_string())
}

/// The learner's watch on a timetable: the queries, and the changes with the time of the answer that shows each.
struct Watched {
    consul: Timetable,
    changes: Vec<(u64, Change)>,
}

fn watched(case: &Case, states: &[(u64, State)], end: u64) -> Watched {
    let states = states.iter().map(|(at, state)| (at * 1000, *state));
    let mut consul = Timetable {
        states: states.collect(),
        end: end * 1000,
        now: 0,
        queries: Vec::new(),
        answers: Vec::new(),
    };
    let advice = "`QueryError::Ended` ends the watch.";
    case.run_within(PATIENCE * 3, "follow", advice, move || {
        let mut changes = Vec::new();
        follow(&mut consul, |change| changes.push(change));
        let changes = timed(changes, &consul.answers);
        Watched { consul, changes }
    })
}

/// Gives each change the time of the first answer that shows it, from the answer of the change before it on.
fn timed(changes: Vec<Change>, answers: &[(u64, BTreeSet<String>)]) -> Vec<(u64, Change)> {
    let mut from = 0;
    let mut timed = Vec::new();
    for change in changes {
        let shows = |ids: &BTreeSet<String>| match &change {
            Change::Added(id) => ids.contains(id),
            Change::Removed(id) => !ids.contains(id),
        };
        let first = answers[from..].iter().position(|(_, ids)| shows(ids));
        from += first.unwrap_or(0);
        timed.push((answers.get(from).map_or(0, |(at, _)| *at), change));
    }
    timed
}

fn words(changes: &[(u64, Change)]) -> String {
    let words = changes.iter().map(|(at, change)| {
        let second = *at as f64 / 1000.0;
        match change {
            Change::Added(id) => format!("{id} added (second {second:.0})"),
            Change::Removed(id) => format!("{id} removed (second {second:.0})"),
        }
    });
    match words.collect::<Vec<_>>() {
        words if words.is_empty() => "no change".to_string(),
        words => words.join(", "),
    }
}

impl Watched {
    /// Fails if the watch has queried more often than this between two seconds.
    #[track_caller]
    fn expect_queries(&self, case: &Case, from: u64, to: u64, most: usize, advice: &str) {
        let queries = self.consul.queries(from, to);
        if queries > most {
            let answer = match queries {
                queries if queries >= MAX_QUERIES => format!("more than {MAX_QUERIES} queries"),
                queries => format!("{queries} queries"),
            };
            let during = format!("seconds {from} to {to}");
            let report = case.report().detail("during", during);
            let report = report.detail("expected", format!("at most {most} queries"));
            case.fail(report.detail("your answer", answer).advice(advice));
        }
    }

    /// Fails unless exactly these changes were reported, each within two seconds.
    #[track_caller]
    fn expect(&self, case: &Case, expected: &[(u64, Change)], advice: &str) {
        let expected = expected
            .iter()
            .map(|(at, change)| (at * 1000, change.clone()));
        let expected: Vec<(u64, Change)> = expected.collect();
        let in_time = |(due, reported): (&(u64, Change), &(u64, Change))| {
            due.1 == reported.1 && (due.0..due.0 + 2000).contains(&reported.0)
        };
        let same =
            expected.len() == self.changes.len() && expected.iter().zip(&self.changes).all(in_time);
        if !same {
            case.differ(words(&expected), words(&self.changes), advice);
        }
    }
}

const CHANGES: &str = "Each difference between two lists is reported once, within two seconds.";

#[test]
fn a_each_change_is_reported_once() {
    case(
        "`ada` is listed, `ben` is added, Consul answers without a change, `ada` is removed",
        |case| {
            let states = [
                (0, Lists(50, &["ada"])),
                (10, Lists(55, &["ada", "ben"])),
                (20, Lists(57, &["ada", "ben"])),
                (30, Lists(59, &["ben"])),
            ];
            let watched = watched(case, &states, 40);
            for change in [added("ada"), added("ben"), removed("ada")] {
                let times = watched
                    .changes
                    .iter()
                    .filter(|(_, reported)| *reported == change);
                let times = times.count();
                if times > 1 {
                    let advice = "An answer is the whole list, and need not be a change: compare it with the list that \
                              you know.";
                    case.differ(
                        format!("{change:?} once"),
                        format!("{change:?} {times} times"),
                        advice,
                    );
                }
            }
            let expected = [(0, added("ada")), (10, added("ben")), (30, removed("ada"))];
            watched.expect(case, &expected, CHANGES);
        },
    );
}

// The belief of this exercise: the index falls after a restored backup, a restart, or with another server.
#[test]
fn b_the_index_falls() {
    case(
        "The index falls from 57 to 3; five minutes later `ben` is removed",
        |case| {
            let states = [
                (0, Lists(57, &["ada", "ben"])),
                (10, Lists(3, &["ada", "ben"])),
                (310, Lists(4, &["ada"])),
            ];
            let watched = watched(case, &states, 1000);
            let expected = [(0, added("ada")), (0, added("ben")), (310, removed("ben"))];
            let advice = "Consul answered with index 3, and the next query used 57, so Consul held it until its index was 58 \
                      or five minutes were over. An index that falls starts again.";
            watched.expect(case, &expected, advice);
        },
    );
}

#[test]
fn c_unavailable_is_no_change() {
    case(
        "Consul is unavailable for three seconds, and comes back with the same list",
        |case| {
            let states = [
                (0, Lists(57, &["ada"])),
                (10, Unavailable),
                (13, Lists(57, &["ada"])),
            ];
            let watched = watched(case, &states, 20);
            let advice = "A failed query says nothing about the instances, so the list stays as it is until the next answer.";
            watched.expect(case, &[(0, added("ada"))], advice);
        },
    );
}

#[test]
fn d_a_restarted_consul() {
    case("Consul is restarted; its index is 1 now", |case| {
        let states = [
            (0, Lists(57, &["ada"])),
            (10, Unavailable),
            (13, Lists(1, &["ada", "ben"])),
        ];
        let watched = watched(case, &states, 200);
        let advice = "Consul was restarted, and its index is 1. It holds a query with 57 until its index is 58: after a \
                      failure, use 0.";
        watched.expect(case, &[(0, added("ada")), (13, added("ben"))], advice);
    });
}

#[test]
fn e_an_index_of_zero() {
    case("An old agent reports the index 0", |case| {
        let states = [(0, Lists(0, &["ada"])), (10, Lists(0, &["ada", "ben"]))];
        let watched = watched(case, &states, 20);
        let advice = "A query with index 0 returns at once, so the watch runs without a pause. A query with 1 waits for \
                      a change.";
        watched.expect_queries(case, 0, 20, 20, advice);
        watched.expect(case, &[(0, added("ada")), (10, added("ben"))], CHANGES);
    });
}

#[test]
fn f_an_empty_list() {
    case("The last instance is removed", |case| {
        let states = [(0, Lists(57, &["ada"])), (10, Lists(58, &[]))];
        let watched = watched(case, &states, 20);
        let advice =
            "The list is empty, and that is an answer like any other: `ada` is not on it any more.";
        watched.expect(case, &[(0, added("ada")), (10, removed("ada"))], advice);
    });
}

#[test]
fn g_a_pause_between_attempts() {
    case("Consul is unavailable for a minute", |case| {
        let states = [
            (0, Lists(57, &["ada"])),
            (10, Unavailable),
            (70, Lists(58, &["ben"])),
        ];
        let watched = watched(case, &states, 80);
        let advice = "Between two attempts there is a pause of 100 ms at least. A thousand programs without a pause keep a \
                      starting Consul from coming up.";
        watched.expect_queries(case, 10, 70, 610, advice);
        let expected = [(0, added("ada")), (70, removed("ada")), (70, added("ben"))];
        let advice = "Consul is back at second 70. With a pause of 1 s at most the watch knows its list a second \
                      later.";
        watched.expect(case, &expected, advice);
    });
}

/// Each list of `ada` and `ben`: 1 in the number stands for `ada`, 2 for `ben`.
const ALL_LISTS: [&[&str]; 4] = [&[], &["ada"], &["ben"], &["ada", "ben"]];

// The check decides what happens next, six times.
#[test]
fn h_in_any_order() {
    schedules(
        "Every 20 s something happens: an instance comes or goes, an answer without a change, Consul is away or restarted",
        |case, schedule| {
            let (mut list, mut index) = (1, 50);
            let mut states = vec![(0, Lists(index, ALL_LISTS[list]))];
            let mut expected = vec![(0, added("ada"))];
            for second in (1..=6).map(|step| step * 20) {
                let event = schedule.pick(5);
                let before = list;
                // A restarted Consul counts from 1 again.
                let away = event >= 3;
                index = if event == 4 { 1 } else { index + 2 };
                list ^= [0, 2, 1, 0, 2][event];
                let seen = if away { second + 3 } else { second };
                if away {
                    states.push((second, Unavailable));
                }
                states.push((seen, Lists(index, ALL_LISTS[list])));
                for (bit, id) in [(1, "ada"), (2, "ben")] {
                    match (before & bit, list & bit) {
                        (0, 0) => {}
                        (0, _) => expected.push((seen, added(id))),
                        (_, 0) => expected.push((seen, removed(id))),
                        _ => {}
                    }
                }
                let what = match event {
                    3 => "away for 3 s",
                    4 => "restarted",
                    _ => "answers",
                };
                let ids = ALL_LISTS[list].join(", ");
                schedule.does(
                    "Consul",
                    format!("second {second}: {what}, index {index}, list [{ids}]"),
                );
            }
            let watched = watched(case, &states, 140);
            schedule.does("watch", words(&watched.changes));
            watched.expect(case, &expected, CHANGES);
            let advice = "Each answer is followed by the next query with its index; a failed query by a pause.";
            watched.expect_queries(case, 0, 140, 250, advice);
        },
    );
}
