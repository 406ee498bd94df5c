//! More than one order of events for the same test: an answer that is right in one order only has passed by luck.
//!
//! A check asks its [`Schedule`] whenever something could happen in another way: which reply is sent first, where a
//! message is cut in two, which thread goes on. [`schedules`] runs the test with the usual choices (all of them 0), and
//! then with many others. Where one fails, it looks for the fewest unusual choices that still fail, and the failure
//! tells what happened, step by step.
//!
//! The ideas are those of loom and shuttle (threads that take turns, a choice at each lock) and of property testing
//! (a failure is shrunk by its choices). Neither crate is used: both want their own types in all code that is
//! tested, and here only the lock is another one.

mod threads;

use std::fmt;
use std::sync::{Arc, PoisonError};
use std::time::{Duration, Instant};

use crate::case::{Outcome, attempt, next};
use crate::fuzz::Dice;
use crate::{Case, Report};

pub use threads::{Guard, Mutex, Thread};

/// So many schedules are tried, if there is time. `SCHEDULES` in the environment is another number, for `verify`.
const RUNS: usize = 100;
/// So long other schedules than the usual one may take, in one test.
const TIME: Duration = Duration::from_millis(200);
/// So long they may take where their number is given: the limit of an exercise comes later.
const MORE_TIME: Duration = Duration::from_millis(900);
/// So long the search for the shortest one may take.
const SHRINK: Duration = Duration::from_millis(500);

/// One order of events. Clones are the same one.
#[derive(Clone, Default)]
pub struct Schedule(Arc<std::sync::Mutex<State>>);

#[derive(Default)]
struct State {
    /// What to choose, as far as it is given.
    given: Vec<usize>,
    /// What chooses behind that; without it the usual is chosen.
    dice: Option<Dice>,
    /// What was chosen.
    made: Vec<usize>,
    steps: Vec<Step>,
    /// What was wrong has happened: nothing is noted any more.
    over: bool,
}

/// Something that happened.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Step {
    by: String,
    to: Option<String>,
    what: String,
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.to {
            Some(to) => write!(f, "{} → {to}: {}", self.by, self.what),
            None => write!(f, "{}: {}", self.by, self.what),
        }
    }
}

impl Schedule {
    fn new(given: Vec<usize>, dice: Option<Dice>) -> Self {
        Schedule(Arc::new(std::sync::Mutex::new(State {
            given,
            dice,
            ..State::default()
        })))
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// One of `count` ways in which things can go on, from 0; 0 is the usual one.
    pub fn pick(&self, count: usize) -> usize {
        if count < 2 {
            return 0;
        }
        let mut state = self.state();
        let given = state.given.get(state.made.len()).copied();
        // The usual half the time: most orders that matter are unusual in a few places.
        let rolled = given.is_none().then_some(&mut state.dice);
        let rolled = rolled.and_then(Option::as_mut).map_or(0, |dice| {
            let unusual = dice.below(2) == 1;
            if unusual { dice.below(count) } else { 0 }
        });
        let chosen = given.map_or(rolled, |given| given.min(count - 1));
        state.made.push(chosen);
        chosen
    }

    /// The numbers from 0 up to `count`, without it, in some order; the usual one is from small to large.
    pub fn order(&self, count: usize) -> Vec<usize> {
        let mut left: Vec<usize> = (0..count).collect();
        (0..count)
            .map(|_| left.remove(self.pick(left.len())))
            .collect()
    }

    /// The bytes in one piece, as usual, or cut in up to `most` of them.
    pub fn pieces<'b>(&self, bytes: &'b [u8], most: usize) -> Vec<&'b [u8]> {
        let mut pieces = Vec::new();
        let mut rest = bytes;
        while pieces.len() + 1 < most && rest.len() > 1 {
            let cut = self.pick(rest.len());
            if cut == 0 {
                break;
            }
            let (piece, behind) = rest.split_at(cut);
            pieces.push(piece);
            rest = behind;
        }
        pieces.push(rest);
        pieces
    }

    /// Notes that `by` does something. A failure tells it; the last thing that was noted is the wrong one.
    pub fn does(&self, by: &str, what: impl Into<String>) {
        self.note(by, None, what.into());
    }

    /// Notes that something goes from `by` to `to`.
    pub fn sends(&self, by: &str, to: &str, what: impl Into<String>) {
        self.note(by, Some(to), what.into());
    }

    fn note(&self, by: &str, to: Option<&str>, what: String) {
        let mut state = self.state();
        if state.over {
            return;
        }
        if let (Some(last), None) = (state.steps.last_mut(), to)
            && last.by == by
            && last.to.is_none()
        {
            last.what = format!("{}, {what}", last.what);
            return;
        }
        state.steps.push(Step {
            by: by.to_string(),
            to: to.map(str::to_string),
            what,
        });
    }

    /// Notes that `by` panics: that is the last step.
    fn panics(&self, by: &str) {
        self.does(by, "panics");
        self.state().over = true;
    }

    /// Returns the steps so far, a line each, as a failure shows them.
    pub(crate) fn told(&self) -> Vec<String> {
        self.state().steps.iter().map(ToString::to_string).collect()
    }

    fn made(&self) -> Vec<usize> {
        self.state().made.clone()
    }
}

/// Runs `body` in a situation, as [`crate::case`] does, under many schedules.
///
/// `body` makes its world anew each time, and decides nothing by a clock or by chance: the same choices must have the
/// same outcome.
///
/// ```
/// testkit::schedules("Two replies", |case, schedule| {
///     let mut sum = 0;
///     for reply in schedule.order(2) {
///         schedule.sends("server", "client", format!("reply {reply}"));
///         sum += reply;
///     }
///     case.expect_eq(&1usize, &sum, "Add both.");
/// });
/// ```
#[track_caller]
pub fn schedules(situation: &str, body: impl Fn(&Case, &Schedule)) {
    let _turn = next();
    let file = std::panic::Location::caller().file();
    let run = |schedule: &Schedule, aloud: bool, lucky: bool| {
        attempt(file, situation, aloud, lucky.then_some(schedule), |case| {
            body(case, schedule);
        })
    };
    if let Outcome::Failed(words) = run(&Schedule::default(), true, false) {
        panic!("{words}");
    }
    let number = std::env::var("SCHEDULES").ok();
    let number = number.and_then(|number| number.parse().ok());
    let time = number.map_or(TIME, |_| MORE_TIME);
    let since = Instant::now();
    for seed in 1..=number.unwrap_or(RUNS) {
        if since.elapsed() > time {
            break;
        }
        let schedule = Schedule::new(Vec::new(), Some(Dice::of(seed)));
        if let Outcome::Failed(words) = run(&schedule, false, false) {
            let fails = |choices: &[usize]| {
                let schedule = Schedule::new(choices.to_vec(), None);
                let failed = matches!(run(&schedule, false, false), Outcome::Failed(_));
                failed.then(|| schedule.made())
            };
            let shortest = shrink(schedule.made(), fails);
            let schedule = Schedule::new(shortest, None);
            // Aloud, so that the failure is told with its own line of the check.
            if let Outcome::Failed(words) = run(&schedule, true, true) {
                panic!("{words}");
            }
            // It did not fail again. Then it is told as it was seen.
            panic!("{words}");
        }
    }
}

/// The fewest and smallest choices that fail, as far as they are found in time.
fn shrink(mut choices: Vec<usize>, fails: impl Fn(&[usize]) -> Option<Vec<usize>>) -> Vec<usize> {
    let since = Instant::now();
    loop {
        let before = choices.clone();
        for at in (0..choices.len()).rev() {
            if since.elapsed() > SHRINK {
                return choices;
            }
            let Some(&chosen) = choices.get(at) else {
                continue;
            };
            for smaller in (0..chosen).take(2) {
                let mut other = choices.clone();
                other[at] = smaller;
                if let Some(made) = fails(&other) {
                    choices = made;
                    break;
                }
            }
        }
        // The usual is chosen behind the last one that is given.
        while choices.last() == Some(&0) {
            choices.pop();
        }
        if choices == before {
            return choices;
        }
    }
}

impl Report {
    /// Adds what has happened under a schedule that is not the usual one.
    pub(crate) fn by_luck(self, schedule: &Schedule) -> Self {
        self.steps(schedule.told())
    }
}
