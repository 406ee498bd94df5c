//! How a check ended. The program of the class reads this same file: both have the words of the record.

use serde::{Deserialize, Serialize};

/// How a check ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Status {
    /// Every test of the check ran and said ok, and nothing else failed.
    Passed,
    /// It compiled, ran, and did something wrong.
    Failed,
    /// It did not compile.
    CompileError,
    /// It was ended at the limit.
    TimedOut,
}

impl Status {
    /// The word used in JSON, in the log and in the records of a class.
    pub fn word(self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Failed => "failed",
            Self::CompileError => "compile-error",
            Self::TimedOut => "timed-out",
        }
    }

    /// The status of a word.
    pub fn from_word(word: &str) -> Option<Self> {
        let all = [
            Self::Passed,
            Self::Failed,
            Self::CompileError,
            Self::TimedOut,
        ];
        all.into_iter().find(|status| status.word() == word)
    }
}
