//! Progress is a fold over the attempt log, and nothing else.

use std::collections::HashMap;

use super::log::{Event, Line};
use crate::course::{Course, Exercise, Lesson};
use crate::verdict::Status;

/// What the log says about one exercise.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct State {
    /// It passed at least once.
    pub passed: bool,
    /// How often it was checked.
    pub attempts: usize,
    /// How many of its hints were shown.
    pub hints: usize,
    /// Its solution was shown before it had passed.
    pub revealed: bool,
    /// The last attempt did not pass.
    pub last_failed: bool,
}

/// What the log says about every exercise. One that the course no longer has does no harm here: it
/// is looked up by id.
#[derive(Debug, Clone, Default)]
pub struct Progress {
    states: HashMap<String, State>,
}

impl Progress {
    /// Folds the lines of the log in their order.
    pub fn fold(lines: &[Line]) -> Self {
        let mut progress = Self::default();
        for line in lines {
            let state = progress.states.entry(line.id.clone()).or_default();
            match &line.event {
                Event::Attempt(attempt) => {
                    state.attempts += 1;
                    state.last_failed = attempt.status != Status::Passed;
                    state.passed |= !state.last_failed;
                }
                Event::Hint { hints } => state.hints = state.hints.max(*hints),
                Event::Reveal { .. } => state.revealed |= !state.passed,
                Event::Reset | Event::Undo => {}
            }
        }
        progress
    }

    /// The state of one exercise.
    pub fn state(&self, id: &str) -> State {
        self.states.get(id).copied().unwrap_or_default()
    }

    /// A lesson is passed when all its core exercises are, or the last of them alone ("test out").
    pub fn lesson_passed(&self, lesson: &Lesson) -> bool {
        let passed = |exercise: &Exercise| self.state(&exercise.id).passed;
        let exercises = &lesson.exercises;
        let last = exercises.iter().rfind(|exercise| exercise.core);
        last.is_some_and(passed) || !exercises.is_empty() && exercises.iter().all(passed)
    }

    /// The first exercise after `after` (or of the course) that has not passed, going round once.
    pub fn next_open<'a>(&self, course: &'a Course, after: Option<&str>) -> Option<&'a Exercise> {
        let all: Vec<&Exercise> = course.exercises().collect();
        let start = after
            .and_then(|id| all.iter().position(|exercise| exercise.id == id))
            .map_or(0, |position| position + 1);
        let (before, behind) = all.split_at(start);
        behind
            .iter()
            .chain(before)
            .copied()
            .find(|exercise| !self.state(&exercise.id).passed)
    }
}
