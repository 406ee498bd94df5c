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
        let rules = [
            (
                !has(old),
                format!("`{old}` is the id of an exercise; an old id is not used again"),
            ),
            (
                has(new),
                format!("there is no exercise `{new}`; name the present id of `{old}`"),
            ),
            (
                seen.insert(old),
                format!("`{old}` has two lines; its record can go to one exercise only"),
            ),
        ];
        broken(renames::FILE.as_ref(), rules, &mut faults);
    }
    faults
}

/// The exercises whose `exercise.rs` is not the stub: a learner's work, and no fault of the course.
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
    let of_an_exercise = |name: &str| lesson.exercises.iter().any(|each| each.id == name);
    stray(
        &course.root,
        &lesson.dir().join("exercises"),
        faults,
        of_an_exercise,
    );
}

fn manifest_faults(course: &Course, lesson: &Lesson, faults: &mut Vec<Fault>) {
    let place = lesson.dir().join("Cargo.toml");
    let text = fs::read_to_string(course.path(&place)).unwrap_or_default();
    let manifest: Manifest = match toml::from_str(&text) {
        Ok(manifest) => manifest,
        Err(e) => return faults.push(Fault::at(place, e.to_string())),
    };
    let mut fault = |what: String| faults.push(Fault::at(&place, what));
    let (name, package) = (&manifest.package.name, lesson.package());
    if *name != package {
        fault(format!("the package is `{name}`; it must be `{package}`"));
    }
    for Exercise { id, .. } in &lesson.exercises {
        let Some(target) = manifest.test.iter().find(|target| target.name == *id) else {
            fault(format!("there is no [[test]] `{id}`"));
            continue;
        };
        let path = format!("exercises/{id}/check.rs");
        if target.path.as_deref() != Some(&path) {
            fault(format!("the path of `{id}` must be {path}"));
        }
        if target.test != Some(false) {
            fault(format!(
                "`{id}` needs `test = false`, or a fresh clone fails its tests"
            ));
        }
    }
    for TestTarget { name, path, .. } in &manifest.test {
        let path = path.as_deref().unwrap_or_default();
        let known = lesson.exercises.iter().any(|exercise| exercise.id == *name);
        if path.starts_with("exercises/") && !known {
            fault(format!("[[test]] `{name}` is not in lesson.toml"));
        }
    }
}

fn page_faults(course: &Course, lesson: &Lesson, page: &Page, faults: &mut Vec<Fault>) {
    let toml = lesson.dir().join("lesson.toml");
    let (name, minutes, reading) = (&page.name, page.minutes, page.reading(lesson));
    let core = lesson.on(page).filter(|exercise| exercise.core);
    let core: Vec<u32> = core.map(|exercise| exercise.minutes).collect();
    let sum: u32 = core.iter().sum();
    let rules = [
        (
            minutes > 0 && reading <= READING_MINUTES,
            format!(
                "the page {name} takes {minutes} minutes, {reading} of them without its exercises; these must be \
                 {READING_MINUTES} at most"
            ),
        ),
        (
            sum <= minutes,
            format!(
                "the core exercises of the page {name} take {sum} minutes, the whole page only {minutes}"
            ),
        ),
        (
            page.core || core.is_empty(),
            format!("the page {name} is not core, and has a core exercise"),
        ),
        (
            page.goals.iter().any(|goal| !goal.trim().is_empty()),
            format!("the page {name} has no goals"),
        ),
        (
            name.starts_with(&format!("{:02}-", lesson.number)),
            format!("the name of the page {name} must begin with the lesson's number"),
        ),
    ];
    broken(&toml, rules, faults);
    let chapter = page.file();
    let Ok(text) = fs::read_to_string(course.path(&chapter)) else {
        return faults.push(Fault::at(chapter, "the lesson has no chapter"));
    };
    let shown = lesson.on(page).map(|exercise| {
        let card = format!("{{{{#exercise {}}}}}", exercise.id);
        (
            text.contains(&card),
            format!("the chapter does not show `{card}`"),
        )
    });
    broken(&chapter, shown, faults);
}

/// Reports the rules about `place` that are not kept: whether each is, and what to say if not.
fn broken(
    place: &Path,
    rules: impl IntoIterator<Item = (bool, impl Into<String>)>,
    faults: &mut Vec<Fault>,
) {
    let broken = rules.into_iter().filter(|(kept, _)| !kept);
    faults.extend(broken.map(|(_, what)| Fault::at(place, what)));
}

/// What may lie in the folder of an exercise. `world.rs` is a part of a long check, which includes it.
const FILES: &str =
    "given.rs exercise.rs stub.rs solution.rs check.rs world.rs equivalent.txt accepted mistakes";

fn exercise_faults(course: &Course, exercise: &Exercise, faults: &mut Vec<Fault>) {
    let read = |path: &Path| fs::read_to_string(course.path(path)).ok();
    for file in [exercise.stub(), exercise.solution(), exercise.check()] {
        let rule = (read(&file).is_some(), "the file is missing, or is not text");
        broken(&file, [rule], faults);
    }
    if let Some(text) = read(&exercise.solution()) {
        let what = "it must open with `//!` lines that say why it is as it is";
        broken(
            &exercise.solution(),
            [(!solution_why(&text).is_empty(), what)],
            faults,
        );
    }
    if let Some(text) = read(&exercise.check()) {
        let has = |wanted: &str| text.lines().any(|line| line.trim() == wanted);
        let given = course.path(&exercise.given()).is_file();
        let rules = [
            (
                has("mod exercise;"),
                "it must have the line `mod exercise;`",
            ),
            (
                given == has("mod given;"),
                "the line `mod given;` and the file given.rs need each other",
            ),
            (!test_names(&text).is_empty(), "it has no #[test]"),
        ];
        broken(&exercise.check(), rules, faults);
    }
    let toml = Path::new("lessons")
        .join(&exercise.lesson)
        .join("lesson.toml");
    let is_text = |text: &String| !text.trim().is_empty();
    let (id, hints) = (&exercise.id, &exercise.hints);
    let rules = [
        (
            hints.len() >= HINTS && hints.iter().all(is_text),
            format!("`{id}` needs {HINTS} hints or more, none of them empty"),
        ),
        (
            exercise.minutes > 0,
            format!("`{id}` must say how many minutes it takes"),
        ),
        (
            is_text(&exercise.title) && is_text(&exercise.goal),
            format!("`{id}` needs a title and a goal"),
        ),
    ];
    broken(&toml, rules, faults);
    for file in exercise.accepted(&course.root) {
        let says = read(&file).is_some_and(|text| text.starts_with(ACCEPTED));
        let what =
            format!("its first line must be `{ACCEPTED}` and what differs from the solution");
        broken(&file, [(says, what)], faults);
    }
    let root = &course.root;
    stray(root, &exercise.dir, faults, |name| {
        FILES.split(' ').any(|file| file == name)
    });
    stray(root, &exercise.mistakes_dir(), faults, |name| {
        name.ends_with(".diff")
    });
    stray(root, &exercise.accepted_dir(), faults, |name| {
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
    let count = mistakes.len();
    let what = format!("there are {count} mistakes; {MISTAKES} or more are needed");
    broken(
        &exercise.mistakes_dir(),
        [(count >= MISTAKES, what)],
        faults,
    );
    if let Some(first) = mistakes.first() {
        let own = &exercise.belief;
        let what = format!(
            "the first mistake must be the exercise's own belief, `{}`",
            own.slug
        );
        broken(&first.file, [(first.belief == *own, what)], faults);
    }
    let check = fs::read_to_string(course.path(&exercise.check())).unwrap_or_default();
    let tests = test_names(&check);
    for mistake in &mistakes {
        let changes = mistake.of != Base::Solution || !mistake.change.is_empty();
        let known = mistake.check == TIMED_OUT || tests.contains(&mistake.check);
        let rules = [
            (changes, "there is no hunk: it is the solution".to_owned()),
            (known, format!("check.rs has no test `{}`", mistake.check)),
        ];
        broken(&mistake.file, rules, faults);
        // A missing solution or stub is named above, once.
        if course.path(&mistake.of.file(exercise)).is_file()
            && let Err(CourseError::File(file, why)) = mistake.text(&course.root, exercise)
        {
            faults.push(Fault::at(file, why));
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
    let slug = &belief.slug;
    let (words, first) = known
        .entry(slug.clone())
        .or_insert((belief.words.clone(), place.to_owned()));
    let rules = [
        (
            !slug.is_empty() && slug.chars().all(plain),
            format!("the slug `{slug}` must be lower-case words with hyphens"),
        ),
        (
            *words == belief.words,
            format!("the belief `{slug}` has other words in {first}: {words}"),
        ),
    ];
    broken(place.as_ref(), rules, faults);
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
    let strange = names.into_iter().filter(|name| !known(name));
    let what = "stray file: nothing in the course uses it";
    faults.extend(strange.map(|name| Fault::at(dir.join(name), what)));
}
