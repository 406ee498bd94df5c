//! `class certificate`: writes what the attempt log says about a learner into one file, for the teacher to sign.
//!
//! [`page`] is the file, [`sign`] is what a teacher and a verifier do with it.

pub mod page;
pub mod sign;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};
use serde::Deserialize;

use crate::course::Course;
use crate::export::date;
use crate::hand_in::identity;
use crate::protocol::{NAME, Status, is_text};

use page::{Content, LEARNER};

/// What results say about one learner.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Facts {
    /// Exercises that passed at least once.
    pub passed: BTreeSet<String>,
    /// Each belief that was met, and whether the exercise in which it was last met has passed since then.
    pub beliefs: BTreeMap<String, bool>,
}

impl Facts {
    /// Folds results, the oldest first: exercise, status and belief of each.
    pub fn of<'r>(results: impl IntoIterator<Item = (&'r str, Status, Option<&'r str>)>) -> Self {
        let mut facts = Self::default();
        let mut newest: BTreeMap<&str, &str> = BTreeMap::new();
        for (exercise, status, belief) in results {
            if status == Status::Passed {
                facts.passed.insert(exercise.to_owned());
                for (slug, _) in newest.iter().filter(|(_, last)| **last == exercise) {
                    facts.beliefs.insert((*slug).to_owned(), true);
                }
            } else if let Some(slug) = belief {
                newest.insert(slug, exercise);
                facts.beliefs.insert(slug.to_owned(), false);
            }
        }
        facts
    }

    /// The beliefs that are overcome.
    pub fn overcome(&self) -> impl Iterator<Item = &str> {
        let overcome = self.beliefs.iter().filter(|(_, overcome)| **overcome);
        overcome.map(|(slug, _)| slug.as_str())
    }
}

/// What is read of a line of the attempt log.
#[derive(Deserialize)]
struct Line {
    at: i64,
    kind: String,
    id: String,
    status: Status,
    belief: Option<String>,
}

/// Writes the file: all that the attempt log of this machine says, signed with the learner's key.
pub fn run(root: &Path, name: Option<String>, to: Option<PathBuf>) -> Result<()> {
    let course = Course::read(root)?;
    let lines = attempts(root, &course);
    let results = lines
        .iter()
        .map(|line| (line.id.as_str(), line.status, line.belief.as_deref()));
    let facts = Facts::of(results);
    let days = lines.iter().map(|line| line.at);
    let (Some(first), Some(last)) = (days.clone().min(), days.max()) else {
        bail!("no exercise was checked yet, so there is nothing to certify");
    };
    ensure!(!facts.passed.is_empty(), "no exercise has passed yet");
    let (name, key) = identity(root, name)?;
    ensure!(is_text(&name, NAME), "a name has 1 to {NAME} characters");
    let content = Content::new(name.trim(), (date(first), date(last)), &facts, &course);
    let to = to.unwrap_or_else(|| format!("certificate-{}.html", in_path(&name)).into());
    fs::write(&to, page::write(&content, &LEARNER, &key)?)
        .with_context(|| format!("cannot write {}", to.display()))?;
    print!("{}", page::summary(&content));
    println!(
        "\nWritten to {}. It is not signed by a class.",
        to.display()
    );
    println!("Give it to the teacher: `cargo workbook class sign FILE` signs it.");
    Ok(())
}

/// The attempts at exercises of the course; lines that cannot be read are skipped, as by the runner.
fn attempts(root: &Path, course: &Course) -> Vec<Line> {
    let log = fs::read_to_string(root.join(".workbook/attempts.jsonl")).unwrap_or_default();
    let lines = log
        .lines()
        .filter_map(|line| serde_json::from_str::<Line>(line).ok());
    lines
        .filter(|line| line.kind == "attempt" && course.lesson_of(&line.id).is_some())
        .collect()
}

/// The letters and digits of a name, as a part of a path.
fn in_path(name: &str) -> String {
    let letters = name.trim().chars();
    letters
        .map(|c| if c.is_alphanumeric() { c } else { '-' })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_belief_is_overcome_once_the_exercise_in_which_it_was_last_met_passes() {
        let facts = Facts::of([
            ("one", Status::Failed, Some("a")),
            ("two", Status::Failed, Some("a")),
            ("one", Status::Passed, None),
            ("one", Status::CompileError, None),
            ("three", Status::TimedOut, Some("b")),
            ("three", Status::Passed, None),
        ]);
        let passed: Vec<&str> = facts.passed.iter().map(String::as_str).collect();
        assert_eq!(passed, ["one", "three"]);
        assert_eq!(facts.overcome().collect::<Vec<_>>(), ["b"]);
        assert_eq!(facts.beliefs.get("a"), Some(&false));
    }
}
