//! Mistakes that the course does not know: grouped by what the check said, and named by the teacher.
//!
//! Two of them are alike if their words share at least [`ALIKE`] of all words of both (Jaccard index). One joins the first
//! group of its exercise to whose first one it is alike, in the order in which they arrived: so a group keeps its number
//! when more come. A name becomes the belief of all results of its group, also of those that come later, and is
//! then in the board, the report and the exports as a belief of the course is.

use std::collections::BTreeSet;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use rusqlite::{Connection, params};
use serde::Serialize;

use crate::counted;
use crate::course::Course;
use crate::protocol::{LINE, is_text};
use crate::store;

/// The share of words from which on two are alike.
const ALIKE: f64 = 0.6;

/// Rejected answers to one exercise that are alike.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Group {
    /// Exercise and number: what `class name` takes.
    pub id: String,
    /// The exercise.
    pub exercise: String,
    /// What the check said of the first.
    pub seen: String,
    /// How many answers.
    pub answers: usize,
    /// Of how many learners.
    pub learners: usize,
    /// The name that the teacher has given.
    pub name: Option<String>,
    /// All that the check said of them.
    #[serde(skip)]
    all: BTreeSet<String>,
}

/// A name: exercise, what was seen, slug and words.
struct Named {
    exercise: String,
    seen: String,
    slug: String,
    words: String,
}

fn named(connection: &Connection) -> rusqlite::Result<Vec<Named>> {
    let mut all = connection
        .prepare_cached("SELECT exercise, seen, slug, words FROM named ORDER BY exercise, seen")?;
    let all = all.query_map([], |row| {
        Ok(Named {
            exercise: row.get(0)?,
            seen: row.get(1)?,
            slug: row.get(2)?,
            words: row.get(3)?,
        })
    })?;
    all.collect()
}

/// The groups of all exercises, those that came first at the top.
pub fn groups(connection: &Connection) -> rusqlite::Result<Vec<Group>> {
    let named = named(connection)?;
    let sql = "SELECT exercise, seen, member FROM results WHERE seen IS NOT NULL ORDER BY id";
    let mut rows = connection.prepare(sql)?;
    let mut rows = rows.query([])?;
    let mut found: Vec<(Group, BTreeSet<i64>)> = Vec::new();
    while let Some(row) = rows.next()? {
        let (exercise, seen): (String, String) = (row.get(0)?, row.get(1)?);
        let same = |group: &Group| group.exercise == exercise && alike(&group.seen, &seen);
        let at = match found.iter().position(|(group, _)| same(group)) {
            Some(at) => at,
            None => {
                let others = found.iter().filter(|(group, _)| group.exercise == exercise);
                let name = named
                    .iter()
                    .find(|name| name.exercise == exercise && alike(&name.seen, &seen));
                let group = Group {
                    id: format!("{exercise}/{}", others.count() + 1),
                    exercise,
                    seen: seen.clone(),
                    answers: 0,
                    learners: 0,
                    name: name.map(|name| name.words.clone()),
                    all: BTreeSet::new(),
                };
                found.push((group, BTreeSet::new()));
                found.len() - 1
            }
        };
        let (group, learners) = &mut found[at];
        group.answers += 1;
        group.all.insert(seen);
        learners.insert(row.get(2)?);
        group.learners = learners.len();
    }
    Ok(found.into_iter().map(|(group, _)| group).collect())
}

/// The slug of the belief that the teacher has named, for a mistake that comes now.
pub fn slug(
    connection: &Connection,
    exercise: &str,
    seen: &str,
) -> rusqlite::Result<Option<String>> {
    let mut named = named(connection)?.into_iter();
    let name = named.find(|name| name.exercise == exercise && alike(&name.seen, seen));
    Ok(name.map(|name| name.slug))
}

/// Slug and words of all names.
pub fn words(connection: &Connection) -> rusqlite::Result<Vec<(String, String)>> {
    let named = named(connection)?.into_iter();
    Ok(named.map(|name| (name.slug, name.words)).collect())
}

/// Names a group. The words of a belief of the course mean that belief.
pub fn name(file: &Path, course: &Course, id: &str, words: &str) -> Result<()> {
    let words = words.trim();
    ensure!(is_text(words, LINE), "a belief has 1 to {LINE} characters");
    let mut connection = store::open_to_read(file)?;
    let groups = groups(&connection)?;
    let group = groups
        .iter()
        .find(|group| group.id == id)
        .with_context(|| format!("there is no group `{id}`; `class report` lists them"))?;
    let slug = slug_of(course, words);
    let transaction = connection.transaction()?;
    // An earlier name of this group goes.
    for name in named(&transaction)? {
        if name.exercise == group.exercise && alike(&name.seen, &group.seen) {
            transaction.execute(
                "DELETE FROM named WHERE exercise = ?1 AND seen = ?2",
                [&name.exercise, &name.seen],
            )?;
        }
    }
    transaction.execute(
        "INSERT INTO named VALUES (?1, ?2, ?3, ?4)",
        [&group.exercise, &group.seen, &slug, words],
    )?;
    for seen in &group.all {
        transaction.execute(
            "UPDATE results SET belief = ?3 WHERE exercise = ?1 AND seen = ?2",
            params![group.exercise, seen, slug],
        )?;
    }
    // The board shows the belief of the newest result.
    transaction.execute(
        "UPDATE standing SET belief = (SELECT belief FROM results WHERE results.member = standing.member \
         AND results.exercise = standing.exercise ORDER BY id DESC LIMIT 1) WHERE exercise = ?1",
        [&group.exercise],
    )?;
    transaction.commit()?;
    println!(
        "{id}, {} of {}: \"{words}\" ({slug})",
        counted(group.answers, "answer"),
        counted(group.learners, "learner")
    );
    Ok(())
}

/// The slug of a belief of the course with these words, else one made from them. No slug of the course begins in this way.
fn slug_of(course: &Course, words: &str) -> String {
    let same = |known: &str| {
        known
            .trim_end_matches('.')
            .eq_ignore_ascii_case(words.trim_end_matches('.'))
    };
    if let Some((slug, _)) = course.beliefs.iter().find(|(_, known)| same(known)) {
        return slug.clone();
    }
    let letters: String = words
        .chars()
        .map(|c| {
            if c.is_ascii_alphanumeric() {
                c.to_ascii_lowercase()
            } else {
                ' '
            }
        })
        .collect();
    let parts: Vec<&str> = letters.split_whitespace().collect();
    let mut slug = format!("class-{}", parts.join("-"));
    slug.truncate(80);
    slug
}

/// Whether what a check said of two answers is alike.
fn alike(one: &str, other: &str) -> bool {
    let words = |text: &str| -> BTreeSet<String> {
        let letters = |c: char| !c.is_alphanumeric();
        let words = text.split(letters).filter(|word| !word.is_empty());
        words.map(str::to_lowercase).collect()
    };
    let (one, other) = (words(one), words(other));
    let both = one.intersection(&other).count();
    let all = one.union(&other).count();
    #[expect(clippy::cast_precision_loss, reason = "a line has few words")]
    let share = both as f64 / all.max(1) as f64;
    all == 0 || share >= ALIKE
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_words_with_few_others_are_alike() {
        let one = "whole: # bytes of this message were lost; the frame has #";
        assert!(alike(one, one));
        assert!(alike(
            one,
            "whole: # bytes of this message were lost; the frame ended at #"
        ));
        assert!(!alike(one, "empty: the frame of # bytes was not returned"));
        assert!(alike("", "# #") && !alike("", "a"));
    }

    #[test]
    fn words_of_the_course_are_its_own_belief() {
        let mut course = Course::default();
        course
            .beliefs
            .insert("b".to_owned(), "One write is one read.".to_owned());
        assert_eq!(slug_of(&course, "one write is one read"), "b");
        assert_eq!(slug_of(&course, "Größe: a `u8`!"), "class-gr-e-a-u8");
        assert_eq!(slug_of(&course, &"a".repeat(300)).len(), 80);
    }
}
