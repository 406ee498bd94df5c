//! The report by belief: per lesson, how many learners met each belief, and how many met it again after they had
//! overcome it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use anyhow::Result;
use rusqlite::Connection;
use serde::Serialize;

use crate::counted;
use crate::course::Course;
use crate::other::{self, Group};
use crate::store;

/// One result, as the records have it.
#[derive(Debug, Clone)]
pub struct Row {
    /// Its number.
    pub id: i64,
    /// Name of the member.
    pub member: String,
    /// Id of the exercise.
    pub exercise: String,
    /// The word of the status.
    pub status: String,
    /// Slug of the belief.
    pub belief: Option<String>,
    /// How long the check ran.
    pub seconds: f64,
    /// From 1.
    pub attempt: u32,
    /// Hints shown.
    pub hints: u32,
    /// When it arrived, in seconds since 1970-01-01 UTC.
    pub at: i64,
}

/// All results, in the order in which they arrived.
pub fn rows(connection: &Connection) -> rusqlite::Result<Vec<Row>> {
    let sql = "SELECT results.id, name, exercise, status, belief, seconds, attempt, hints, at \
               FROM results JOIN members ON members.id = member ORDER BY results.id";
    let mut all = connection.prepare(sql)?;
    let rows = all.query_map([], |row| {
        Ok(Row {
            id: row.get(0)?,
            member: row.get(1)?,
            exercise: row.get(2)?,
            status: row.get(3)?,
            belief: row.get(4)?,
            seconds: row.get(5)?,
            attempt: row.get(6)?,
            hints: row.get(7)?,
            at: row.get(8)?,
        })
    })?;
    rows.collect()
}

/// The part of one lesson.
#[derive(Debug, Default, PartialEq, Eq, Serialize)]
pub struct OfLesson {
    /// Name of its folder; empty for exercises that the course does not have.
    pub lesson: String,
    /// Learners with at least one result in it.
    pub learners: usize,
    /// The belief that most met stands first.
    pub beliefs: Vec<OfBelief>,
    /// Rejected answers whose mistake the course does not know, by exercise.
    pub other: Vec<Other>,
    /// The same by likeness, with those that the teacher has named.
    pub groups: Vec<Group>,
}

/// One belief in one lesson.
#[derive(Debug, Default, PartialEq, Eq, Serialize)]
pub struct OfBelief {
    /// Its name.
    pub slug: String,
    /// The sentence.
    pub words: String,
    /// Learners who met it in this lesson.
    pub met: usize,
    /// Of those, how many met it again, in any lesson, after the exercise in which they had met it passed.
    pub again: usize,
}

/// Rejected answers without a belief.
#[derive(Debug, Default, PartialEq, Eq, Serialize)]
pub struct Other {
    /// The exercise.
    pub exercise: String,
    /// How many answers.
    pub answers: usize,
    /// Of how many learners.
    pub learners: usize,
}

/// What one member did with one belief.
#[derive(Default)]
struct Met<'r> {
    lessons: BTreeSet<&'r str>,
    newest: &'r str,
    overcome: bool,
    again: bool,
}

/// Folds all results into the report. A lesson without a result is left out.
pub fn fold(rows: &[Row], groups: &[Group], course: &Course) -> Vec<OfLesson> {
    let lesson_of = |exercise: &str| course.lesson_of(exercise).unwrap_or_default();
    let mut met: BTreeMap<(&str, &str), Met<'_>> = BTreeMap::new();
    let mut learners: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    let mut other: BTreeMap<&str, (usize, BTreeSet<&str>)> = BTreeMap::new();
    for row in rows {
        let lesson = lesson_of(&row.exercise);
        learners.entry(lesson).or_default().insert(&row.member);
        if row.status == "passed" {
            let mine = met
                .iter_mut()
                .filter(|((member, _), met)| *member == row.member && met.newest == row.exercise);
            mine.for_each(|(_, met)| met.overcome = true);
        } else if let Some(belief) = &row.belief {
            let met = met.entry((&row.member, belief)).or_default();
            met.lessons.insert(lesson);
            met.again |= met.overcome;
            (met.newest, met.overcome) = (&row.exercise, false);
        } else if row.status != "compile-error" {
            let (answers, of) = other.entry(&row.exercise).or_default();
            *answers += 1;
            of.insert(&row.member);
        }
    }
    let of_lesson = |(lesson, learners): (&str, BTreeSet<&str>)| {
        let mut beliefs: BTreeMap<&str, OfBelief> = BTreeMap::new();
        for ((_, slug), met) in met.iter().filter(|(_, met)| met.lessons.contains(lesson)) {
            let belief = beliefs.entry(slug).or_insert_with(|| OfBelief {
                slug: (*slug).to_owned(),
                words: course.words(slug).to_owned(),
                ..OfBelief::default()
            });
            belief.met += 1;
            belief.again += usize::from(met.again);
        }
        let mut beliefs: Vec<OfBelief> = beliefs.into_values().collect();
        beliefs.sort_by_key(|belief| std::cmp::Reverse(belief.met));
        let other = other
            .iter()
            .filter(|(exercise, _)| lesson_of(exercise) == lesson);
        let other = other.map(|(exercise, (answers, learners))| Other {
            exercise: (*exercise).to_owned(),
            answers: *answers,
            learners: learners.len(),
        });
        OfLesson {
            lesson: lesson.to_owned(),
            learners: learners.len(),
            beliefs,
            other: other.collect(),
            groups: groups
                .iter()
                .filter(|group| lesson_of(&group.exercise) == lesson)
                .cloned()
                .collect(),
        }
    };
    learners.into_iter().map(of_lesson).collect()
}

/// Prints the report.
///
/// # Errors
/// If there are no records.
pub fn run(file: &Path, mut course: Course, json: bool) -> Result<()> {
    let connection = store::open_to_read(file)?;
    course.beliefs.extend(other::words(&connection)?);
    let report = fold(&rows(&connection)?, &other::groups(&connection)?, &course);
    if json {
        println!("{}", serde_json::to_string_pretty(&report)?);
        return Ok(());
    }
    if report.is_empty() {
        println!("The class has no results yet.");
    }
    for lesson in report {
        let name = if lesson.lesson.is_empty() {
            "other exercises"
        } else {
            &lesson.lesson
        };
        println!("{name}: {}", counted(lesson.learners, "learner"));
        println!("   met  again  belief");
        for belief in lesson.beliefs {
            println!("  {:>4}  {:>5}  {}", belief.met, belief.again, belief.words);
        }
        for other in lesson.other {
            println!(
                "  not known: {} of {} in {}",
                counted(other.answers, "answer"),
                counted(other.learners, "learner"),
                other.exercise
            );
        }
        for group in lesson.groups {
            println!(
                "    {}: {} of {}: {}",
                group.id,
                counted(group.answers, "answer"),
                counted(group.learners, "learner"),
                group
                    .name
                    .map_or(group.seen, |name| format!("named \"{name}\""))
            );
        }
        println!();
    }
    println!(
        "The key that signs certificates of this class: {}",
        store::fingerprint(&connection)?
    );
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_belief_is_met_again_only_after_its_exercise_passed() {
        let row = |member: &str, exercise: &str, status: &str, belief: Option<&str>| Row {
            id: 0,
            member: member.into(),
            exercise: exercise.into(),
            status: status.into(),
            belief: belief.map(Into::into),
            seconds: 0.1,
            attempt: 1,
            hints: 0,
            at: 0,
        };
        let rows = [
            row("A", "e1", "failed", Some("b")),
            row("A", "e1", "failed", Some("b")),
            row("B", "e1", "failed", Some("b")),
            row("B", "e1", "passed", None),
            row("B", "e2", "failed", Some("b")),
            row("C", "e1", "failed", None),
            row("C", "e1", "compile-error", None),
        ];
        let [report] = &fold(&rows, &[], &Course::default())[..] else {
            panic!("one lesson")
        };
        assert_eq!(report.learners, 3);
        assert_eq!((report.beliefs[0].met, report.beliefs[0].again), (2, 1));
        assert_eq!(
            report.other,
            [Other {
                exercise: "e1".into(),
                answers: 1,
                learners: 1
            }]
        );
    }
}
