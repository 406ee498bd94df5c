//! The check of `watch-events`. The store is a table of what happens when, and its clock is a number.

mod exercise;
mod given;

use std::collections::BTreeSet;
use std::time::Duration;

use exercise::{Event, EventStore, Notice, Snapshot, WatchError, follow};
use services::testkit::{Case, PATIENCE, case};

/// A list takes so long, in milliseconds. What changes meanwhile is not in it.
const LIST: u64 = 5;

/// More calls than any situation needs. With this many the answer loops without a pause.
const MOST: usize = 20_000;

#[derive(Clone, Copy)]
enum Change {
    Add(&'static str),
    Remove(&'static str),
}
use Change::{Add, Remove};

/// One hour of the store. Times are milliseconds.
#[derive(Clone, Default)]
struct Store {
    /// When, with which revision, what. Those at 0 were there before.
    table: Vec<(u64, u64, Change)>,
    /// From when until when the store is unavailable.
    away: Vec<(u64, u64)>,
    /// When all revisions up to this one are compacted.
    compacted: Vec<(u64, u64)>,
    end: u64,
    now: u64,
    /// When each list and each `next` was asked for.
    lists: Vec<u64>,
    nexts: Vec<u64>,
    /// When the last call has failed, and how long after such a call the next one came.
    failed: Option<u64>,
    pauses: Vec<u64>,
}

impl Store {
    fn new(table: &[(u64, u64, Change)]) -> Self {
        Store {
            table: table.to_vec(),
            end: 60_000,
            compacted: vec![(0, 40)],
            ..Store::default()
        }
    }

    fn asked(&self) -> usize {
        self.lists.len() + self.nexts.len()
    }

    fn answers(&mut self) -> Result<(), WatchError> {
        let pause = self.failed.take().map(|at| self.now - at);
        self.pauses.extend(pause);
        if self.now >= self.end || self.asked() > MOST {
            return Err(WatchError::Closed);
        }
        match self
            .away
            .iter()
            .any(|(from, to)| (*from..*to).contains(&self.now))
        {
            true => {
                self.failed = Some(self.now);
                Err(WatchError::Unavailable)
            }
            false => Ok(()),
        }
    }
}

impl EventStore for Store {
    fn list(&mut self) -> Result<Snapshot, WatchError> {
        self.lists.push(self.now);
        self.answers()?;
        let mut snapshot = Snapshot {
            revision: 40,
            instances: BTreeSet::new(),
        };
        for (_, revision, change) in self.table.iter().filter(|(at, ..)| *at <= self.now) {
            snapshot.revision = *revision;
            match change {
                Add(id) => drop(snapshot.instances.insert(id.to_string())),
                Remove(id) => drop(snapshot.instances.remove(*id)),
            }
        }
        self.now += LIST;
        Ok(snapshot)
    }

    fn next(&mut self, revision: u64) -> Result<(u64, Event), WatchError> {
        self.nexts.push(self.now);
        self.answers()?;
        let compacted = |(at, until): &(u64, u64)| *at <= self.now && revision < *until;
        if self.compacted.iter().any(compacted) {
            return Err(WatchError::Compacted);
        }
        let next = self.table.iter().find(|(_, its, _)| *its > revision);
        let at = next.map_or(self.end, |(at, ..)| *at).max(self.now);
        // A call that waits when the connection breaks gets the error.
        let broken = self.away.iter().map(|(from, _)| *from);
        if let Some(broken) = broken.filter(|from| (self.now..at).contains(from)).min() {
            self.now = broken;
            self.failed = Some(broken);
            return Err(WatchError::Unavailable);
        }
        self.now = at;
        match next {
            Some((_, revision, Add(id))) => Ok((*revision, Event::Added(id.to_string()))),
            Some((_, revision, Remove(id))) => Ok((*revision, Event::Removed(id.to_string()))),
            None => Err(WatchError::Closed),
        }
    }

    fn pause(&mut self, time: Duration) {
        self.now += u64::try_from(time.as_millis()).unwrap_or(self.end);
    }
}

/// Runs the learner's watch; what was reported, and the store.
#[track_caller]
fn watched(case: &Case, mut store: Store) -> (Vec<String>, Store) {
    let advice = "`WatchError::Closed` ends it.";
    let (reported, store) = case.run_within(PATIENCE * 3, "follow", advice, move || {
        let mut reported = Vec::new();
        follow(&mut store, |notice| reported.push(words(&notice)));
        (reported, store)
    });
    if store.asked() > MOST {
        let last = store.lists.last().max(store.nexts.last()).copied();
        let answer = format!(
            "{} calls, the last at {} ms",
            store.asked(),
            last.unwrap_or_default()
        );
        let advice = match store.nexts.is_empty() {
            true => {
                "It polls with `list`. No pause is short enough: between two lists an instance may come and go."
            }
            false => "It asks again and again without a pause, and time does not pass.",
        };
        case.differ("a pause after `Unavailable`", answer, advice);
    }
    (reported, store)
}

fn words(notice: &Notice) -> String {
    match notice {
        Notice::Added(id) => format!("{id} added"),
        Notice::Removed(id) => format!("{id} removed"),
        Notice::Gap => "gap".to_string(),
    }
}

/// Fails unless exactly this was reported.
#[track_caller]
fn expect(case: &Case, (reported, store): &(Vec<String>, Store), expected: &[&str], advice: &str) {
    if reported == expected {
        return;
    }
    let answer = match reported.as_slice() {
        [] => "nothing".to_string(),
        all if all.len() > 12 => format!("{}, and {} more", all[..12].join(", "), all.len() - 12),
        all => all.join(", "),
    };
    let calls = format!(
        "{} of `list`, {} of `next`",
        store.lists.len(),
        store.nexts.len()
    );
    let report = case
        .report()
        .detail("expected", expected.join(", "))
        .detail("your answer", answer)
        .detail("calls", calls)
        .advice(advice);
    case.fail(report);
}

#[test]
fn a_between_two_lists() {
    case("B is added at 10.2 s and removed at 10.7 s", |case| {
        let outcome = watched(
            case,
            Store::new(&[(10_200, 41, Add("B")), (10_700, 42, Remove("B"))]),
        );
        let advice = match outcome.1.nexts.is_empty() {
            true if outcome.1.lists.is_empty() => "The store was not asked at all.",
            true => {
                "B came and went between two lists, so it was in neither. A list shows a state; `next` reports changes."
            }
            false => "`next` has both changes of B.",
        };
        expect(case, &outcome, &["B added", "B removed"], advice);
    });
    case("B is added and removed in the same millisecond", |case| {
        let outcome = watched(
            case,
            Store::new(&[(10_000, 41, Add("B")), (10_000, 42, Remove("B"))]),
        );
        let advice = "Before and after it the list is the same, and no two lists are close enough to show it. Only `next` \
                      reports changes.";
        expect(case, &outcome, &["B added", "B removed"], advice);
    });
}

#[test]
fn b_from_the_list_to_the_changes() {
    case(
        "A is there; B is added while the first list is on its way",
        |case| {
            let table = [
                (0, 41, Add("A")),
                (2, 42, Add("B")),
                (9_000, 43, Remove("A")),
            ];
            let outcome = watched(case, Store::new(&table));
            let advice = match outcome.0.first().map(String::as_str) {
                Some("A added") => {
                    "The list contains what happened up to its revision. `next` has each change after it."
                }
                Some("A removed") => {
                    "A is in the first list, and was not known before: that is `Added`."
                }
                _ => "The instances that are there already come first, as `Added`.",
            };
            expect(case, &outcome, &["A added", "B added", "A removed"], advice);
        },
    );
}

#[test]
fn c_revisions_have_gaps() {
    case("The revisions are 41, 57 and 90", |case| {
        let table = [
            (0, 41, Add("A")),
            (9_000, 57, Add("B")),
            (12_000, 90, Remove("B")),
        ];
        let outcome = watched(case, Store::new(&table));
        let advice = "The next call asks for changes after the revision that came with the last event. A revision that you \
                      count yourself lies before it, so the same change is reported twice.";
        expect(case, &outcome, &["A added", "B added", "B removed"], advice);
    });
}

#[test]
fn d_the_connection_breaks() {
    case(
        "The store is unavailable from 5 s to 8 s; B is added at 6 s and removed at 7 s",
        |case| {
            let mut store = Store::new(&[
                (0, 41, Add("A")),
                (6_000, 42, Add("B")),
                (7_000, 43, Remove("B")),
            ]);
            store.away = vec![(5_000, 8_000)];
            let outcome = watched(case, store);
            let advice = match outcome.1.lists.len() {
                1 => {
                    "The log still has the changes made meanwhile: repeat `next` with the same revision."
                }
                _ => {
                    "The connection was lost, and the log was not: the changes after your last revision are still there. A new \
                 list shows none of them."
                }
            };
            expect(case, &outcome, &["A added", "B added", "B removed"], advice);
        },
    );
    case("The store is unavailable for the first 3 s", |case| {
        let mut store = Store::new(&[(0, 41, Add("A")), (6_000, 42, Add("B"))]);
        store.away = vec![(0, 3_000)];
        let outcome = watched(case, store);
        let advice = "The first list has failed, and no change was lost by that: nothing was reported before.";
        expect(case, &outcome, &["A added", "B added"], advice);
    });
}

/// A and B are there; the connection breaks, and meanwhile the log is compacted.
fn compacted() -> Store {
    let mut store = Store::new(&[
        (0, 41, Add("A")),
        (0, 42, Add("B")),
        (6_000, 43, Remove("A")),
        (6_500, 44, Add("C")),
        (7_000, 45, Add("D")),
        (7_500, 46, Remove("D")),
        (20_000, 47, Add("A")),
    ]);
    store.away = vec![(5_000, 8_000)];
    store.compacted.push((7_900, 46));
    store
}

#[test]
fn e_the_log_is_compacted() {
    case(
        "The connection breaks, and meanwhile the log is compacted",
        |case| {
            let outcome = watched(case, compacted());
            let reported: Vec<&str> = outcome.0.iter().map(String::as_str).collect();
            let advice = match reported.get(2..).unwrap_or_default() {
                [] => "After `Compacted` the watch goes on: a new list shows the state.",
                ["gap"] => {
                    "The report stops after the gap. A new list shows the state, and the watch goes on after it."
                }
                ["gap", next, ..] if *next == "A added" => {
                    "The new list differs from the reports so far: A is gone, and C has come. Report both after the gap."
                }
                ["gap", next, ..] if *next == "B added" => {
                    "Instances are reported as `Added` that were reported before. Report the difference only."
                }
                rest if !rest.contains(&"gap") => {
                    "D came and went, and no report can contain it. `Gap` says that changes may be lost."
                }
                _ => {
                    "First `Gap`, then what is different from the reports so far, then the changes after the new list."
                }
            };
            let expected = [
                "A added",
                "B added",
                "gap",
                "A removed",
                "C added",
                "A added",
            ];
            expect(case, &outcome, &expected, advice);
        },
    );
    case(
        "The log is compacted twice; the second time the list is unchanged",
        |case| {
            let mut store = compacted();
            store.table.push((30_000, 60, Add("E")));
            store.table.push((30_500, 61, Remove("E")));
            store.away.push((29_000, 31_000));
            store.compacted.push((30_900, 61));
            let outcome = watched(case, store);
            let advice =
                "Each compaction is a gap of its own, also if the list after it is the same.";
            let expected = [
                "A added",
                "B added",
                "gap",
                "A removed",
                "C added",
                "A added",
                "gap",
            ];
            expect(case, &outcome, &expected, advice);
        },
    );
}

#[test]
fn f_a_pause_between_attempts() {
    case("The store is unavailable from 5 s to 35 s", |case| {
        let mut store = Store::new(&[
            (0, 41, Add("A")),
            (35_000, 42, Add("B")),
            (37_000, 43, Remove("B")),
        ]);
        store.away = vec![(5_000, 35_000)];
        let outcome = watched(case, store);
        let asked = (outcome.1.nexts.iter().chain(&outcome.1.lists))
            .filter(|at| (5_000..35_000).contains(*at));
        let asked = asked.count();
        if asked > 301 {
            let advice = match asked {
                ..2_000 => "The pause between two attempts is too short: it is 100 ms at least.",
                _ => {
                    "Between two attempts there is a pause of 100 ms at least: a store that comes back has many clients."
                }
            };
            case.differ(
                "at most 301 attempts in 30 s",
                format!("{asked} attempts"),
                advice,
            );
        }
        let back = (outcome.1.nexts.iter().chain(&outcome.1.lists)).filter(|at| **at >= 35_000);
        let back = back.min().copied().unwrap_or(60_000);
        if back > 36_000 {
            let advice = "The pause between two attempts is 1 s at most.";
            case.differ(
                "an attempt at 36 s at the latest",
                format!("the next attempt at {back} ms"),
                advice,
            );
        }
        let advice = "The store answers again, and the watch goes on.";
        expect(case, &outcome, &["A added", "B added", "B removed"], advice);
    });
    for (from, to) in [(5, 35), (0, 9)] {
        let name = format!("The store is unavailable from {from} s to {to} s, with one instance");
        case(&name, |case| {
            let mut store = Store::new(&[(0, 41, Add("A"))]);
            store.away = vec![(from * 1_000, to * 1_000)];
            let (_, store) = watched(case, store);
            let allowed = 100..=1_000;
            if let Some(pause) = store.pauses.iter().find(|pause| !allowed.contains(*pause)) {
                let answer = format!("a pause of {pause} ms");
                let advice = "The pause between two attempts is 100 ms to 1 s, also before a list.";
                case.differ("a pause of 100 ms to 1000 ms", answer, advice);
            }
        });
    }
}

// Not about your answer: that the store of this check keeps to what it promises.
#[test]
fn z_the_store_itself() {
    let mut store = Store::new(&[(0, 41, Add("A")), (7_000, 52, Remove("A"))]);
    store.away = vec![(2_000, 3_000)];
    assert_eq!(store.next(39), Err(WatchError::Compacted));
    assert_eq!(store.next(41), Err(WatchError::Unavailable));
    store.pause(Duration::from_secs(1));
    assert_eq!(store.next(41), Ok((52, Event::Removed("A".to_string()))));
    assert_eq!(store.next(52), Err(WatchError::Closed));
    assert_eq!(words(&Notice::Gap), "gap");
}
