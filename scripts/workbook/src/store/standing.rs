//! Where an exercise stands: one answer for terminal, page and list, from the record and the text of `exercise.rs`.

use std::fs;
use std::path::Path;

use super::State;
use crate::course::Exercise;

/// Where an exercise stands for its learner.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// `exercise.rs` is the stub, and no answer has been checked.
    NotStarted,
    /// There is or was an answer, and none has passed.
    Tried,
    /// An answer has passed, and nothing that was checked since has failed.
    Passed,
    /// An answer has passed; the present one was checked and did not.
    PassedBefore,
}

impl Standing {
    /// Where an exercise stands whose record is `state`. `untouched`: its text is the stub.
    pub fn of(state: State, untouched: bool) -> Self {
        match (state.passed, state.attempts) {
            (true, _) if state.last_failed && !untouched => Self::PassedBefore,
            (true, _) => Self::Passed,
            (false, 0) if untouched => Self::NotStarted,
            (false, _) => Self::Tried,
        }
    }

    /// `open`, `tried` or `passed`, for programs.
    pub fn word(self) -> &'static str {
        match self {
            Self::NotStarted => "open",
            Self::Tried => "tried",
            Self::Passed | Self::PassedBefore => "passed",
        }
    }
}

/// Whether the text of `exercise` is the one that a learner finds; one that is not made yet is.
pub fn untouched(root: &Path, exercise: &Exercise) -> bool {
    match fs::read(root.join(exercise.answer())) {
        Ok(text) => is_stub(root, exercise, &text),
        Err(e) => e.kind() == std::io::ErrorKind::NotFound,
    }
}

/// Whether `text` is the stub of `exercise`.
pub fn is_stub(root: &Path, exercise: &Exercise, text: &[u8]) -> bool {
    fs::read(root.join(exercise.stub())).is_ok_and(|stub| stub == text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn state(passed: bool, attempts: usize, last_failed: bool) -> State {
        State {
            passed,
            attempts,
            last_failed,
            ..State::default()
        }
    }

    #[test]
    fn every_record_and_text_has_one_standing() {
        use Standing::{NotStarted, Passed, PassedBefore, Tried};
        for (record, untouched, expected) in [
            (state(false, 0, false), true, NotStarted),
            // Written, and not checked yet.
            (state(false, 0, false), false, Tried),
            (state(false, 2, true), false, Tried),
            // Reset after a failure: it was tried all the same.
            (state(false, 2, true), true, Tried),
            (state(true, 3, false), false, Passed),
            // Reset after a pass.
            (state(true, 3, false), true, Passed),
            (state(true, 4, true), true, Passed),
            (state(true, 4, true), false, PassedBefore),
        ] {
            assert_eq!(
                Standing::of(record, untouched),
                expected,
                "{record:?} {untouched}"
            );
        }
    }
}
