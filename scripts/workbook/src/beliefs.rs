//! What a learner has believed: the record, folded by belief. The page "What I believed" and the command `beliefs` show
//! it. Nothing of it leaves the machine.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::course::{Course, Exercise, Mistake};
use crate::store::{Event, Line};
use crate::verdict::Status;

/// A day, in seconds.
const DAY: u64 = 24 * 60 * 60;
/// Days until a belief that was overcome is due for another look: after the pass, after the first look, and so on.
const PAUSES: [u64; 5] = [1, 3, 7, 21, 60];

/// One belief that the record knows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Met {
    /// Its stable name.
    pub slug: String,
    /// The belief as a sentence, if the course has it.
    pub words: Option<String>,
    /// Folder name of the lesson in which it was first met; none for a stage of the own service.
    pub lesson: Option<String>,
    /// The exercises in which it was met, in their order in time.
    pub exercises: Vec<String>,
    /// How many attempts showed it.
    pub times: usize,
    /// When it was first and last met, in seconds since 1970-01-01 UTC.
    pub first: u64,
    /// See `first`.
    pub last: u64,
    /// It was met again after an exercise in which it had been met had passed.
    pub again: bool,
    /// The exercise in which it was last met has passed since then.
    pub overcome: bool,
    /// What to do today: only where it was overcome, and enough days have gone by.
    pub due: Option<Due>,
}

/// Another look at a belief.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Due {
    /// The exercise to do.
    pub exercise: String,
    /// The page of the book on which it stands: `01-tcp`.
    pub page: String,
    /// It is another exercise than those in which the belief was met; else it is the same one, after a reset.
    pub variant: bool,
}

/// Folds the lines of a record into the beliefs that were met, the one met first at the top. `now` is in seconds since
/// 1970-01-01 UTC.
pub fn met(course: &Course, lines: &[Line], now: u64) -> Vec<Met> {
    let known = known(course);
    let mut all: Vec<Met> = Vec::new();
    // Passes of each exercise, in time.
    let mut passes: BTreeMap<&str, Vec<u64>> = BTreeMap::new();
    for line in lines {
        let Event::Attempt(attempt) = &line.event else {
            continue;
        };
        if attempt.status == Status::Passed {
            passes.entry(&line.id).or_default().push(line.at);
            let here = all
                .iter_mut()
                .filter(|met| met.exercises.last() == Some(&line.id));
            here.for_each(|met| met.overcome = true);
        }
        let Some(slug) = &attempt.belief else {
            continue;
        };
        match all.iter_mut().find(|met| met.slug == *slug) {
            Some(met) => {
                met.times += 1;
                met.last = line.at;
                met.again |= met.overcome;
                met.overcome = false;
                met.exercises.retain(|id| *id != line.id);
                met.exercises.push(line.id.clone());
            }
            None => all.push(Met {
                slug: slug.clone(),
                words: known.get(slug).map(|(words, _)| words.clone()),
                lesson: course
                    .exercise(&line.id)
                    .ok()
                    .map(|exercise| exercise.lesson.clone()),
                exercises: vec![line.id.clone()],
                times: 1,
                first: line.at,
                last: line.at,
                again: false,
                overcome: false,
                due: None,
            }),
        }
    }
    for met in &mut all {
        met.due = due(met, &known, &passes, now);
    }
    all
}

/// Each belief of a course as a sentence, and the exercises in which it can be met.
type Known<'c> = BTreeMap<String, (String, Vec<&'c Exercise>)>;

fn known(course: &Course) -> Known<'_> {
    let mut known = Known::new();
    for exercise in course.exercises() {
        let mistakes = Mistake::all(&course.root, exercise).unwrap_or_default();
        let beliefs = mistakes.into_iter().map(|mistake| mistake.belief);
        for belief in beliefs.chain([exercise.belief.clone()]) {
            let entry = known.entry(belief.slug);
            let (_, exercises) = entry.or_insert((belief.words, Vec::new()));
            if exercises.last().is_none_or(|last| last.id != exercise.id) {
                exercises.push(exercise);
            }
        }
    }
    known
}

fn due(met: &Met, known: &Known<'_>, passes: &BTreeMap<&str, Vec<u64>>, now: u64) -> Option<Due> {
    if !met.overcome {
        return None;
    }
    let (_, exercises) = known.get(&met.slug)?;
    // The days on which it was overcome: each later one is a look.
    let mut days: Vec<u64> = (exercises.iter())
        .filter_map(|exercise| passes.get(exercise.id.as_str()))
        .flatten()
        .filter(|at| **at >= met.last)
        .copied()
        .collect();
    days.sort_unstable();
    let newest = *days.last()?;
    days.dedup_by_key(|at| *at / DAY);
    let pause = PAUSES[(days.len() - 1).min(PAUSES.len() - 1)] * DAY;
    if now < newest + pause {
        return None;
    }
    let mut others = (exercises.iter()).filter(|exercise| !met.exercises.contains(&exercise.id));
    let open = |exercise: &&&Exercise| !passes.contains_key(exercise.id.as_str());
    let variant = others.clone().find(open).or(others.next());
    let mut exercises = exercises.iter();
    let same = exercises.find(|exercise| met.exercises.last() == Some(&exercise.id));
    let exercise = variant.or(same)?;
    Some(Due {
        exercise: exercise.id.clone(),
        page: exercise.page.clone(),
        variant: variant.is_some(),
    })
}
