//! The check of `watch`. Consul is a table of what happens when, and the clock is a number: five minutes
//! take no time.

mod exercise;
mod given;

use std::collections::BTreeSet;
use std::time::Duration;

use exercise::{Answer, Change, Consul, Trouble, follow};
use services::testkit::{Case, PATIENCE, case};

/// How long a question is held back at most, in milliseconds: Consul's own five minutes.
const HELD: u64 = 300_000;

/// More questions than any scene needs. A watch that gets here would never end.
const MOST: usize = 2_000;

/// From then on Consul is like this.
#[derive(Clone, Copy)]
enum State {
    Away,
    Home(u64, &'static [&'static str]),
}
use State::{Away, Home};

/// One evening: `(second, state)`, in order; it is over at the last second, or soon after.
struct Evening {
    table: Vec<(u64, State)>,
    end: u64,
    now: u64,
    /// When each question was asked, and with which index.
    asked: Vec<(u64, u64)>,
    told: Vec<(u64, Change)>,
}

impl Evening {
    fn new(table: &[(u64, State)], end: u64) -> Self {
        Evening {
            table: table
                .iter()
                .map(|(at, state)| (at * 1000, *state))
                .collect(),
            end: end * 1000,
            now: 0,
            asked: Vec::new(),
            told: Vec::new(),
        }
    }

    fn state(&self) -> State {
        let past = self.table.iter().take_while(|(at, _)| *at <= self.now);
        past.last().map_or(Away, |(_, state)| *state)
    }

    fn next(&self) -> u64 {
        let next = self.table.iter().find(|(at, _)| *at > self.now);
        next.map_or(self.end, |(at, _)| *at)
    }
}

impl Consul for Evening {
    fn ask(&mut self, asked: u64) -> Result<Answer, Trouble> {
        self.asked.push((self.now, asked));
        let until = self.now + HELD;
        self.now += 5;
        loop {
            if self.now >= self.end || self.asked.len() > MOST {
                return Err(Trouble::Over);
            }
            match self.state() {
                Away => return Err(Trouble::Away),
                Home(index, names) if asked == 0 || index > asked || self.now >= until => {
                    let names: BTreeSet<String> = names.iter().map(ToString::to_string).collect();
                    return Ok(Answer { index, names });
                }
                // A state with a smaller index is no reason to wake anybody. The one that has said 0
                // is an old agent, which wakes them all the same.
                Home(..) => {
                    let zero = matches!(self.state(), Home(0, _));
                    self.now = self.next().min(until);
                    if zero && let Home(index, names) = self.state() {
                        let names = names.iter().map(ToString::to_string).collect();
                        return Ok(Answer { index, names });
                    }
                }
            }
        }
    }

    fn pause(&mut self, time: Duration) {
        self.now += u64::try_from(time.as_millis()).unwrap_or(HELD);
    }
}

fn came(name: &str) -> Change {
    Change::Came(name.to_string())
}

fn left(name: &str) -> Change {
    Change::Left(name.to_string())
}

/// Runs the learner's watch through an evening.
fn watched(case: &Case, table: &[(u64, State)], end: u64) -> Evening {
    let mut evening = Evening::new(table, end);
    let advice = "`Trouble::Over` ends the watch.";
    case.run_within(PATIENCE * 3, "follow", advice, move || {
        // Told to a list beside the evening, which is lent to the watch.
        let mut changes = Vec::new();
        let mut clocked = Clocked {
            evening: &mut evening,
            answered: Vec::new(),
        };
        follow(&mut clocked, |change| changes.push(change));
        let answered = clocked.answered;
        // A change is told before the next question.
        evening.told = told(&changes, &answered);
        evening
    })
}

/// Notes when each answer was given.
struct Clocked<'e> {
    evening: &'e mut Evening,
    answered: Vec<(u64, BTreeSet<String>)>,
}

impl Consul for Clocked<'_> {
    fn ask(&mut self, index: u64) -> Result<Answer, Trouble> {
        let answer = self.evening.ask(index)?;
        let names = answer.names.clone();
        self.answered.push((self.evening.now, names));
        Ok(answer)
    }

    fn pause(&mut self, time: Duration) {
        self.evening.pause(time);
    }
}

/// When each change can have been told at the earliest: with the first answer that shows it.
fn told(changes: &[Change], answered: &[(u64, BTreeSet<String>)]) -> Vec<(u64, Change)> {
    let mut from = 0;
    let mut told = Vec::new();
    for change in changes {
        let shows = |names: &BTreeSet<String>| match change {
            Change::Came(name) => names.contains(name),
            Change::Left(name) => !names.contains(name),
        };
        let first = answered[from..].iter().position(|(_, names)| shows(names));
        from += first.unwrap_or(0);
        told.push((answered.get(from).map_or(0, |(at, _)| *at), change.clone()));
    }
    told
}

fn words(told: &[(u64, Change)]) -> String {
    let words = told.iter().map(|(at, change)| {
        let second = *at as f64 / 1000.0;
        match change {
            Change::Came(name) => format!("{name} came ({second:.0} s)"),
            Change::Left(name) => format!("{name} left ({second:.0} s)"),
        }
    });
    let words = words.collect::<Vec<_>>().join(", ");
    if words.is_empty() {
        "nothing".to_string()
    } else {
        words
    }
}

/// Fails unless exactly these were told, each within two seconds.
#[track_caller]
fn expect(case: &Case, evening: &Evening, expected: &[(u64, Change)], advice: &str) {
    let expected: Vec<(u64, Change)> = expected
        .iter()
        .map(|(at, it)| (at * 1000, it.clone()))
        .collect();
    let in_time = |told: &(u64, Change), due: &(u64, Change)| {
        told.1 == due.1 && (due.0..due.0 + 2000).contains(&told.0)
    };
    let same = expected.len() == evening.told.len()
        && expected
            .iter()
            .zip(&evening.told)
            .all(|(due, told)| in_time(told, due));
    if !same {
        case.differ(words(&expected), words(&evening.told), advice);
    }
}

#[test]
fn a_each_change_is_told_once() {
    case(
        "Ada is home; Ben comes; then Consul wakes us for nothing",
        |case| {
            let table = [
                (0, Home(50, &["ada"])),
                (10, Home(55, &["ada", "ben"])),
                (20, Home(57, &["ada", "ben"])),
                (30, Home(59, &["ben"])),
            ];
            let evening = watched(case, &table, 40);
            for change in [came("ada"), came("ben"), left("ada")] {
                let times = evening
                    .told
                    .iter()
                    .filter(|(_, told)| *told == change)
                    .count();
                if times > 1 {
                    let advice = "Waking does not mean changed, and an answer is the whole list, not what is \
                              new in it: compare it with what you know.";
                    case.differ(
                        format!("{change:?} once"),
                        format!("{change:?} was told {times} times"),
                        advice,
                    );
                }
            }
            let expected = [(0, came("ada")), (10, came("ben")), (30, left("ada"))];
            expect(
                case,
                &evening,
                &expected,
                "What came and what left, when it did.",
            );
        },
    );
}

// The belief of this exercise. A restored backup, another server, a restarted agent: all count anew.
#[test]
fn b_the_index_falls() {
    case(
        "The index falls from 57 to 3, and then Ben leaves",
        |case| {
            let table = [
                (0, Home(57, &["ada", "ben"])),
                (10, Home(3, &["ada", "ben"])),
                (310, Home(4, &["ada"])),
            ];
            let evening = watched(case, &table, 1000);
            let expected = [(0, came("ada")), (0, came("ben")), (310, left("ben"))];
            let advice = "Consul has answered with 3, and you asked with 57 and waited for 58. It counts anew: \
                      so does who asks.";
            expect(case, &evening, &expected, advice);
        },
    );
}

#[test]
fn c_away_is_no_news() {
    case("Consul is away for three seconds", |case| {
        let table = [
            (0, Home(57, &["ada"])),
            (10, Away),
            (13, Home(57, &["ada"])),
        ];
        let evening = watched(case, &table, 20);
        let advice = "Consul is the one who keeps the list. When it is away, nobody has left: keep what you \
                      know until somebody tells you otherwise.";
        expect(case, &evening, &[(0, came("ada"))], advice);
    });
}

#[test]
fn d_a_new_consul_counts_anew() {
    case("Consul is restarted; the new one is at index 12", |case| {
        let table = [
            (0, Home(57, &["ada"])),
            (10, Away),
            (13, Home(12, &["ada", "ben"])),
        ];
        let evening = watched(case, &table, 200);
        let expected = [(0, came("ada")), (13, came("ben"))];
        let advice = "The one who answers now is a new one, and it is at 12. Asked with 57 it lets you wait \
                      for a number that it reaches tomorrow.";
        expect(case, &evening, &expected, advice);
    });
}

#[test]
fn e_an_index_of_zero() {
    case("An old agent says that its index is 0", |case| {
        let table = [(0, Home(0, &["ada"])), (10, Home(0, &["ada", "ben"]))];
        let evening = watched(case, &table, 20);
        if evening.asked.len() > 20 {
            let advice = "A question with index 0 is never held back: the watch has become a storm. Ask \
                          with 1, and Consul waits for a change.";
            let answer = format!("{} questions in 20 s", evening.asked.len());
            case.differ("a few questions in 20 s", answer, advice);
        }
        let expected = [(0, came("ada")), (10, came("ben"))];
        expect(
            case,
            &evening,
            &expected,
            "What came and what left, when it did.",
        );
    });
}

#[test]
fn f_nobody_home_is_news() {
    case("The last one leaves", |case| {
        let table = [(0, Home(57, &["ada"])), (10, Home(58, &[]))];
        let evening = watched(case, &table, 20);
        let advice =
            "The last one has left, and an empty list says so. It is an answer, unlike none.";
        expect(
            case,
            &evening,
            &[(0, came("ada")), (10, left("ada"))],
            advice,
        );
    });
}

#[test]
fn g_a_pause_between_attempts() {
    case("Consul is away for a minute", |case| {
        let table = [
            (0, Home(57, &["ada"])),
            (10, Away),
            (70, Home(58, &["ben"])),
        ];
        let evening = watched(case, &table, 80);
        let asked = evening
            .asked
            .iter()
            .filter(|(at, _)| (10_000..70_000).contains(at));
        let asked = asked.count();
        if asked > 650 {
            let advice = "A Consul that is just coming up meets you, and all the others who ask without a \
                          pause. A thousand programs like this one keep it down.";
            case.differ("at most 600 attempts", format!("{asked} attempts"), advice);
        }
        let expected = [(0, came("ada")), (70, left("ada")), (70, came("ben"))];
        expect(
            case,
            &evening,
            &expected,
            "A second after Consul is back you know it.",
        );
    });
}
