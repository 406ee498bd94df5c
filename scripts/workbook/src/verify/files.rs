//! What can be seen without compiling: files, tables, hints, minutes, beliefs.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use serde::Deserialize;

use super::Fault;
use crate::course::{
    Base, Belief, Course, CourseError, Exercise, Lesson, Mistake, Page, TIMED_OUT, renames,
    solution_why, test_names,
};
use crate::store::untouched;
use crate::wire::script::Script;

/// Fewest hints: a nudge, and nearly the answer.
const HINTS: usize = 2;
/// How a right answer in another style begins: what is different stands behind it.
const ACCEPTED: &str = "//! Accepted: ";
/// Fewest mistakes: the belief itself, and two more.
const MISTAKES: usize = 3;
/// Most minutes that a lesson may take without its exercises.
const READING_MINUTES: u32 = 60;

/// All faults of the files.
#[must_use]
pub fn faults(course: &Course) -> Vec<Fault> {
    let mut faults = rename_faults(course);
    let mut beliefs: BTreeMap<String, (String, String)> = BTreeMap::new();
    for lesson in &course.lessons {
        lesson_faults(course, lesson, &mut faults);
        for exercise in &lesson.exercises {
            exercise_faults(course, exercise, &mut faults);
            let mistakes = mistake_faults(course, exercise, &mut faults);
            let place = exercise.dir.display().to_string();
            for belief in mistakes.iter().map(|m| &m.belief).chain([&exercise.belief]) {
                belief_faults(belief, &place, &mut beliefs, &mut faults);
            }
        }
    }
    faults
}

/// A line of the table of renames leads from an id that no exercise has to one that an exercise has.
fn rename_faults(course: &Course) -> Vec<Fault> {
    let mut faults = Vec::new();
    let mut seen = BTreeSet::new();
    let has = |id: &str| course.exercises().any(|exercise| exercise.id == id);
    for (old, new) in course.renames.iter() {
        let mut fault = |what: String| faults.push(Fault::at(renames::FILE, what));
        if has(old) {
            fault(format!(
                "`{old}` is the id of an exercise; an old id is not used again"
            ));
        }
        if !has(new) {
            fault(format!(
                "there is no exercise `{new}`; name the present id of `{old}`"
            ));
        }
        if !seen.insert(old) {
            fault(format!(
                "`{old}` has two lines; its record can go to one exercise only"
            ));
        }
    }
    faults
}

/// The exercises whose `exercise.rs` is not the stub: a learner's work, and no fault of the course.
#[must_use]
pub fn edited(course: &Course) -> Vec<&Exercise> {
    let differs = |exercise: &&Exercise| !untouched(&course.root, exercise);
    course.exercises().filter(differs).collect()
}

#[derive(Deserialize)]
struct Manifest {
    package: Package,
    #[serde(default)]
    test: Vec<TestTarget>,
}

#[derive(Deserialize)]
struct Package {
    name: String,
}

#[derive(Deserialize)]
struct TestTarget {
    name: String,
    path: Option<String>,
    test: Option<bool>,
}

fn lesson_faults(course: &Course, lesson: &Lesson, faults: &mut Vec<Fault>) {
    for page in &lesson.pages {
        page_faults(course, lesson, page, faults);
    }
    manifest_faults(course, lesson, faults);
    if let Err(why) = Script::read(&course.root, lesson) {
        faults.push(Fault::at(lesson.dir().join("wire.toml"), why));
    }
    stray(
        &course.root,
        &lesson.dir().join("exercises"),
        faults,
        |name| lesson.exercises.iter().any(|exercise| exercise.id == name),
    );
}

fn manifest_faults(course: &Course, lesson: &Lesson, faults: &mut Vec<Fault>) {
    let place = lesson.dir().join("Cargo.toml");
    let text = fs::read_to_string(course.path(&place)).unwrap_or_default();
    let manifest: Manifest = match toml::from_str(&text) {
        Ok(manifest) => manifest,
        Err(e) => return faults.push(Fault::at(place, e.to_string())),
    };
    if manifest.package.name != lesson.package() {
        faults.push(Fault::at(
            &place,
            format!(
                "the package is `{}`; it must be `{}`",
                manifest.package.name,
                lesson.package()
            ),
        ));
    }
    for exercise in &lesson.exercises {
        let Some(target) = manifest
            .test
            .iter()
            .find(|target| target.name == exercise.id)
        else {
            faults.push(Fault::at(
                &place,
                format!("there is no [[test]] `{}`", exercise.id),
            ));
            continue;
        };
        let path = format!("exercises/{}/check.rs", exercise.id);
        if target.path.as_deref() != Some(&path) {
            faults.push(Fault::at(
                &place,
                format!("the path of `{}` must be {path}", exercise.id),
            ));
        }
        if target.test != Some(false) {
            faults.push(Fault::at(
                &place,
                format!(
                    "`{}` needs `test = false`, or a fresh clone fails its tests",
                    exercise.id
                ),
            ));
        }
    }
    for target in &manifest.test {
        let of_an_exercise = target
            .path
            .as_deref()
            .is_some_and(|p| p.starts_with("exercises/"));
        if of_an_exercise
            && !lesson
                .exercises
                .iter()
                .any(|exercise| exercise.id == target.name)
        {
            faults.push(Fault::at(
                &place,
                format!("[[test]] `{}` is not in lesson.toml", target.name),
            ));
        }
    }
}

fn page_faults(course: &Course, lesson: &Lesson, page: &Page, faults: &mut Vec<Fault>) {
    let toml = lesson.dir().join("lesson.toml");
    let (minutes, reading) = (page.minutes, page.reading(lesson));
    if minutes == 0 || reading > READING_MINUTES {
        faults.push(Fault::at(
            &toml,
            format!(
                "the page {} takes {minutes} minutes, {reading} of them without its exercises; these must be \
                 {READING_MINUTES} at most",
                page.name
            ),
        ));
    }
    let core = lesson.on(page).filter(|exercise| exercise.core);
    let core: Vec<u32> = core.map(|exercise| exercise.minutes).collect();
    let sum: u32 = core.iter().sum();
    if sum > minutes {
        faults.push(Fault::at(
            &toml,
            format!(
                "the core exercises of the page {} take {sum} minutes, the whole page only {minutes}",
                page.name
            ),
        ));
    }
    if !page.core && !core.is_empty() {
        let what = format!(
            "the page {} is not core, and has a core exercise",
            page.name
        );
        faults.push(Fault::at(&toml, what));
    }
    if page.goals.iter().all(|goal| goal.trim().is_empty()) {
        faults.push(Fault::at(
            &toml,
            format!("the page {} has no goals", page.name),
        ));
    }
    if !page.name.starts_with(&format!("{:02}-", lesson.number)) {
        let what = format!(
            "the name of the page {} must begin with the lesson's number",
            page.name
        );
        faults.push(Fault::at(&toml, what));
    }
    let chapter = page.file();
    let Ok(text) = fs::read_to_string(course.path(&chapter)) else {
        return faults.push(Fault::at(chapter, "the lesson has no chapter"));
    };
    for exercise in lesson.on(page) {
        if !text.contains(&format!("{{{{#exercise {}}}}}", exercise.id)) {
            faults.push(Fault::at(
                &chapter,
                format!(
                    "the chapter does not show `{{{{#exercise {}}}}}`",
                    exercise.id
                ),
            ));
        }
    }
}

fn exercise_faults(course: &Course, exercise: &Exercise, faults: &mut Vec<Fault>) {
    let read = |path: &Path| fs::read_to_string(course.path(path)).ok();
    for file in [exercise.stub(), exercise.solution(), exercise.check()] {
        if read(&file).is_none() {
            faults.push(Fault::at(&file, "the file is missing, or is not text"));
        }
    }
    if read(&exercise.solution()).is_some_and(|text| solution_why(&text).is_empty()) {
        faults.push(Fault::at(
            exercise.solution(),
            "it must open with `//!` lines that say why it is as it is",
        ));
    }
    if let Some(text) = read(&exercise.check()) {
        if !text.lines().any(|line| line.trim() == "mod exercise;") {
            faults.push(Fault::at(
                exercise.check(),
                "it must have the line `mod exercise;`",
            ));
        }
        let given = course.path(&exercise.given()).is_file();
        if given != text.lines().any(|line| line.trim() == "mod given;") {
            faults.push(Fault::at(
                exercise.check(),
                "the line `mod given;` and the file given.rs need each other",
            ));
        }
        if test_names(&text).is_empty() {
            faults.push(Fault::at(exercise.check(), "it has no #[test]"));
        }
    }
    let toml = Path::new("lessons")
        .join(&exercise.lesson)
        .join("lesson.toml");
    let id = &exercise.id;
    if exercise.hints.len() < HINTS || exercise.hints.iter().any(|hint| hint.trim().is_empty()) {
        faults.push(Fault::at(
            &toml,
            format!("`{id}` needs {HINTS} hints or more, none of them empty"),
        ));
    }
    if exercise.minutes == 0 {
        faults.push(Fault::at(
            &toml,
            format!("`{id}` must say how many minutes it takes"),
        ));
    }
    if exercise.title.trim().is_empty() || exercise.goal.trim().is_empty() {
        faults.push(Fault::at(&toml, format!("`{id}` needs a title and a goal")));
    }
    for file in exercise.accepted(&course.root) {
        let says = read(&file).is_some_and(|text| text.starts_with(ACCEPTED));
        if !says {
            let what =
                format!("its first line must be `{ACCEPTED}` and what differs from the solution");
            faults.push(Fault::at(file, what));
        }
    }
    const FILES: [&str; 9] = [
        "given.rs",
        "exercise.rs",
        "stub.rs",
        "solution.rs",
        "check.rs",
        // A part of a long check, which includes it.
        "world.rs",
        "equivalent.txt",
        "accepted",
        "mistakes",
    ];
    stray(&course.root, &exercise.dir, faults, |name| {
        FILES.contains(&name)
    });
    stray(&course.root, &exercise.mistakes_dir(), faults, |name| {
        name.ends_with(".diff")
    });
    stray(&course.root, &exercise.accepted_dir(), faults, |name| {
        name.ends_with(".rs")
    });
}

fn mistake_faults(course: &Course, exercise: &Exercise, faults: &mut Vec<Fault>) -> Vec<Mistake> {
    let mistakes = match Mistake::all(&course.root, exercise) {
        Ok(mistakes) => mistakes,
        Err(e) => {
            faults.push(Fault::at(exercise.mistakes_dir(), e.to_string()));
            return Vec::new();
        }
    };
    if mistakes.len() < MISTAKES {
        faults.push(Fault::at(
            exercise.mistakes_dir(),
            format!(
                "there are {} mistakes; {MISTAKES} or more are needed",
                mistakes.len()
            ),
        ));
    }
    if mistakes
        .first()
        .is_some_and(|first| first.belief != exercise.belief)
    {
        faults.push(Fault::at(
            &mistakes[0].file,
            format!(
                "the first mistake must be the exercise's own belief, `{}`",
                exercise.belief.slug
            ),
        ));
    }
    let check = fs::read_to_string(course.path(&exercise.check())).unwrap_or_default();
    let tests = test_names(&check);
    for mistake in &mistakes {
        if mistake.of == Base::Solution && mistake.change.is_empty() {
            faults.push(Fault::at(
                &mistake.file,
                "there is no hunk: it is the solution",
            ));
        }
        // A missing solution or stub is named above, once.
        if course.path(&mistake.of.file(exercise)).is_file()
            && let Err(CourseError::File(file, why)) = mistake.text(&course.root, exercise)
        {
            faults.push(Fault::at(file, why));
        }
        if mistake.check != TIMED_OUT && !tests.contains(&mistake.check) {
            faults.push(Fault::at(
                &mistake.file,
                format!("check.rs has no test `{}`", mistake.check),
            ));
        }
    }
    mistakes
}

/// A slug stands for one sentence in the whole course: verdict, log and teacher pages share it.
fn belief_faults(
    belief: &Belief,
    place: &str,
    known: &mut BTreeMap<String, (String, String)>,
    faults: &mut Vec<Fault>,
) {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if belief.slug.is_empty() || !belief.slug.chars().all(plain) {
        faults.push(Fault::at(
            place,
            format!(
                "the slug `{}` must be lower-case words with hyphens",
                belief.slug
            ),
        ));
    }
    let (words, first) = known
        .entry(belief.slug.clone())
        .or_insert((belief.words.clone(), place.to_owned()));
    if *words != belief.words {
        faults.push(Fault::at(
            place,
            format!(
                "the belief `{}` has other words in {first}: {words}",
                belief.slug
            ),
        ));
    }
}

/// Reports every entry of a folder that has no business there.
fn stray(root: &Path, dir: &Path, faults: &mut Vec<Fault>, known: impl Fn(&str) -> bool) {
    let Ok(entries) = fs::read_dir(root.join(dir)) else {
        return;
    };
    let names: BTreeSet<String> = entries
        .flatten()
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect();
    for name in names.into_iter().filter(|name| !known(name)) {
        faults.push(Fault::at(
            dir.join(name),
            "stray file: nothing in the course uses it",
        ));
    }
}
