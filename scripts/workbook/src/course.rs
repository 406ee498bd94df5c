//! The course as it lies on disk: lessons, their exercises, and where each file is.
//!
//! `lesson.toml` is the only list of exercises. Order in the file is order in the course; the id
//! is the stable name of an exercise, the number (`1.3`) is only a position and only shown.

pub mod change;
mod files;
mod mistake;
mod page;
pub mod renames;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Deserialize;

use crate::needs::Needed;
pub use files::{solution_why, test_names};
pub use mistake::{Base, Mistake, TIMED_OUT, file_text};
pub use page::Page;
pub use renames::Renames;

/// The longest time limit of a check, in seconds. Most need 5 at most; one whose servers elect a leader needs longer.
const LIMIT: u64 = 60;

/// What a learner believes before an exercise, and the slug that verdict, log and teacher pages
/// share for it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Belief {
    /// Stable name, lower case with hyphens: `one-write-is-one-read`.
    pub slug: String,
    /// The belief in words: `One write is one read.`
    pub words: String,
}

/// One exercise, read from a `[[exercise]]` table; what it does not have comes from its lesson.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Exercise {
    /// Unique in the whole course; also the folder and the name of the test target.
    pub id: String,
    /// The heading a learner sees.
    pub title: String,
    /// One sentence: what the learner makes true.
    pub goal: String,
    /// Whether it carries the thread of the course (else it is a stretch exercise).
    pub core: bool,
    /// Honest working time in minutes.
    pub minutes: u32,
    /// How long the run of the check may take, stated in seconds; compiling is not counted.
    #[serde(deserialize_with = "seconds")]
    pub limit: Duration,
    /// The belief that the check breaks.
    pub belief: Belief,
    /// The command that runs a passed answer outside its check, with real servers; the card shows it.
    pub by_hand: Option<String>,
    /// From a nudge to nearly the answer.
    pub hints: Vec<String>,
    /// What its lesson needs to be built.
    #[serde(skip)]
    pub needs: Vec<Needed>,
    /// Position, only shown: `1.3`.
    #[serde(skip)]
    pub number: String,
    /// Folder name of the lesson it belongs to: `01-tcp`.
    #[serde(skip)]
    pub lesson: String,
    /// The page of the lesson on which it stands; its chapter, unless the table says otherwise.
    #[serde(default)]
    pub page: String,
    /// Folder of the exercise, relative to the course: `lessons/01-tcp/exercises/frames`.
    #[serde(skip)]
    pub dir: PathBuf,
}

impl Exercise {
    /// The file that the learner edits, relative to the course.
    pub fn answer(&self) -> PathBuf {
        self.dir.join("exercise.rs")
    }

    /// The text that `reset` restores, relative to the course.
    pub fn stub(&self) -> PathBuf {
        self.dir.join("stub.rs")
    }

    /// One good answer, relative to the course.
    pub fn solution(&self) -> PathBuf {
        self.dir.join("solution.rs")
    }

    /// The test target, relative to the course.
    pub fn check(&self) -> PathBuf {
        self.dir.join("check.rs")
    }

    /// Types and functions that are given, relative to the course; not every exercise has any.
    pub fn given(&self) -> PathBuf {
        self.dir.join("given.rs")
    }

    /// The folder of right answers in another style, relative to the course; not every exercise has any.
    pub fn accepted_dir(&self) -> PathBuf {
        self.dir.join("accepted")
    }

    /// Its right answers in another style, relative to the course, in the order of their names.
    pub fn accepted(&self, root: &Path) -> Vec<PathBuf> {
        let dir = self.accepted_dir();
        let entries = std::fs::read_dir(root.join(&dir));
        let mut files: Vec<PathBuf> = (entries.into_iter().flatten().flatten())
            .map(|entry| dir.join(entry.file_name()))
            .filter(|file| file.extension().is_some_and(|ending| ending == "rs"))
            .collect();
        files.sort();
        files
    }

    /// The belief `slug` as a sentence: the exercise's own, or that of one of its known mistakes.
    pub fn belief_words(&self, root: &Path, slug: &str) -> Option<String> {
        if self.belief.slug == slug {
            return Some(self.belief.words.clone());
        }
        let mistakes = Mistake::all(root, self).ok()?;
        let known = mistakes
            .into_iter()
            .find(|mistake| mistake.belief.slug == slug)?;
        Some(known.belief.words)
    }

    /// The folder of known wrong answers, relative to the course.
    pub fn mistakes_dir(&self) -> PathBuf {
        self.dir.join("mistakes")
    }
}

/// One lesson: a numbered crate with a `lesson.toml`.
#[derive(Debug, Clone)]
pub struct Lesson {
    /// Folder name: `01-tcp`.
    pub name: String,
    /// The number in front of the folder name.
    pub number: u32,
    /// The heading a learner sees.
    pub title: String,
    /// Reading, demo and exercises of all its pages together, in minutes.
    pub minutes: u32,
    /// Its chapter, and further pages.
    pub pages: Vec<Page>,
    /// How long the first check of it compiles, in seconds, from an empty target directory; measured by `minutes --build`.
    pub build: Option<u32>,
    /// Where a class can stop.
    pub stops: Vec<String>,
    /// Further demos: a name, and the words that its program gets. The lesson's own demo gets none.
    pub demos: BTreeMap<String, Vec<String>>,
    /// What its programs need beyond Rust and a C compiler.
    pub needs: Vec<Needed>,
    /// In order.
    pub exercises: Vec<Exercise>,
}

impl Lesson {
    /// The Cargo package of the lesson: `l01-tcp`.
    pub fn package(&self) -> String {
        format!("l{}", self.name)
    }

    /// The lesson's folder, relative to the course.
    pub fn dir(&self) -> PathBuf {
        Path::new("lessons").join(&self.name)
    }

    /// What a learner can do after all its pages.
    pub fn goals(&self) -> impl Iterator<Item = &String> {
        self.pages.iter().flat_map(|page| &page.goals)
    }
}

/// Everything the runner knows about the course.
#[derive(Debug, Clone)]
pub struct Course {
    /// The folder with `Cargo.toml`, `lessons/` and `book/`; absolute.
    pub root: PathBuf,
    /// In order of their numbers.
    pub lessons: Vec<Lesson>,
    /// Exercises that had another id.
    pub renames: Renames,
}

/// Why the course could not be read, or a name not be found in it.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum CourseError {
    /// No folder above this one looks like the course.
    #[error(
        "no workbook found in {} or above it: go into the cloned folder (the one with lessons/ and book/) and try again",
        .0.display()
    )]
    NotFound(PathBuf),
    /// A file of the course is missing or wrong: the file, and what is wrong with it.
    #[error("{}: {}", .0.display(), .1)]
    File(PathBuf, String),
    /// No exercise or lesson has this name: the name, and the nearest ones.
    #[error("there is no exercise or lesson `{}`; {}`cargo workbook list` shows all", .0, did_you_mean(.1))]
    Unknown(String, Vec<String>),
}

fn did_you_mean(near: &[String]) -> String {
    match near {
        [] => String::new(),
        near => format!("did you mean `{}`? ", near.join("` or `")),
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct LessonToml {
    title: String,
    minutes: u32,
    #[serde(default)]
    demo: Option<u32>,
    #[serde(default)]
    build: Option<u32>,
    goals: Vec<String>,
    #[serde(default)]
    stops: Vec<String>,
    #[serde(default)]
    demos: BTreeMap<String, Vec<String>>,
    #[serde(default)]
    needs: Vec<Needed>,
    #[serde(default)]
    page: Vec<Page>,
    #[serde(default)]
    exercise: Vec<Exercise>,
}

fn seconds<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Duration, D::Error> {
    u64::deserialize(from).map(Duration::from_secs)
}

impl Course {
    /// Finds the course at `from` or in a folder above it and reads it.
    ///
    /// # Errors
    /// [`CourseError::NotFound`] where no folder has `lessons/` and `Cargo.toml`, and
    /// [`CourseError::File`] for the first file that is wrong.
    pub fn find(from: &Path) -> Result<Self, CourseError> {
        let root = from
            .ancestors()
            .find(|dir| dir.join("lessons").is_dir() && dir.join("Cargo.toml").is_file())
            .ok_or_else(|| CourseError::NotFound(from.to_owned()))?;
        Self::load(root)
    }

    /// Reads the course that lies in `root`.
    ///
    /// # Errors
    /// [`CourseError::File`] for the first file that is wrong.
    pub fn load(root: &Path) -> Result<Self, CourseError> {
        let lessons_dir = root.join("lessons");
        let entries = std::fs::read_dir(&lessons_dir)
            .map_err(|e| CourseError::File("lessons".into(), e.to_string()))?;
        let mut names: Vec<String> = entries
            .flatten()
            .filter(|entry| entry.path().join("lesson.toml").is_file())
            .filter_map(|entry| entry.file_name().into_string().ok())
            .collect();
        names.sort();
        let lessons = names
            .into_iter()
            .map(|name| load_lesson(root, name))
            .collect::<Result<Vec<_>, _>>()?;
        let course = Self {
            root: root.to_owned(),
            lessons,
            renames: Renames::read(root),
        };
        course.ids_are_unique()?;
        Ok(course)
    }

    fn ids_are_unique(&self) -> Result<(), CourseError> {
        let mut seen = std::collections::HashMap::new();
        for exercise in self.exercises() {
            if let Some(first) = seen.insert(exercise.id.as_str(), &exercise.lesson) {
                return Err(CourseError::File(
                    Path::new("lessons")
                        .join(&exercise.lesson)
                        .join("lesson.toml"),
                    format!(
                        "the id `{}` is taken by lesson {first}; choose another",
                        exercise.id
                    ),
                ));
            }
        }
        Ok(())
    }

    /// All exercises, in the order of the course.
    pub fn exercises(&self) -> impl Iterator<Item = &Exercise> {
        self.lessons.iter().flat_map(|lesson| &lesson.exercises)
    }

    /// The exercise called `id`; its shown number (`1.3`) and an id that it had before are understood as well.
    ///
    /// # Errors
    /// [`CourseError::Unknown`] with the nearest names.
    pub fn exercise(&self, id: &str) -> Result<&Exercise, CourseError> {
        let now = self.renames.now(id);
        self.exercises()
            .find(|exercise| exercise.id == now || exercise.number == id)
            .ok_or_else(|| self.unknown(id))
    }

    /// The demo called `name`: its lesson, and the words that the program gets. A lesson's own demo has the name of
    /// the lesson's folder; `[demos]` in its lesson.toml has further ones.
    pub fn demo(&self, name: &str) -> Option<(&Lesson, &[String])> {
        self.lessons
            .iter()
            .find_map(|lesson| match lesson.name == name {
                true => Some((lesson, [].as_slice())),
                false => Some((lesson, lesson.demos.get(name)?.as_slice())),
            })
    }

    /// The lesson called `name`: `01-tcp`, `l01-tcp`, `01` or `1`.
    pub fn lesson(&self, name: &str) -> Option<&Lesson> {
        self.lessons.iter().find(|lesson| {
            lesson.name == name
                || lesson.package() == name
                || name
                    .parse::<u32>()
                    .is_ok_and(|number| number == lesson.number)
        })
    }

    /// What `name` stands for on a command line: one exercise, or all of a lesson.
    ///
    /// # Errors
    /// [`CourseError::Unknown`] with the nearest names.
    pub fn select(&self, name: &str) -> Result<Vec<&Exercise>, CourseError> {
        match self.lesson(name) {
            Some(lesson) => Ok(lesson.exercises.iter().collect()),
            None => self.exercise(name).map(|exercise| vec![exercise]),
        }
    }

    /// The path of a file of the course.
    pub fn path(&self, relative: &Path) -> PathBuf {
        self.root.join(relative)
    }

    fn unknown(&self, name: &str) -> CourseError {
        let mut near: Vec<(usize, String)> = self
            .exercises()
            .map(|exercise| exercise.id.clone())
            .chain(self.lessons.iter().map(|lesson| lesson.name.clone()))
            .map(|known| (distance(name, &known), known))
            .filter(|(d, known)| *d <= 2 || known.contains(name) && !name.is_empty())
            .collect();
        near.sort();
        near.truncate(2);
        CourseError::Unknown(name.to_owned(), near.into_iter().map(|(_, n)| n).collect())
    }
}

fn load_lesson(root: &Path, name: String) -> Result<Lesson, CourseError> {
    let dir = Path::new("lessons").join(&name);
    let file = dir.join("lesson.toml");
    let wrong = |why: String| CourseError::File(file.clone(), why);

    let number = name
        .split('-')
        .next()
        .and_then(|digits| digits.parse().ok())
        .ok_or_else(|| wrong("the folder of a lesson begins with its number: 01-tcp".into()))?;
    let text = std::fs::read_to_string(root.join(&file)).map_err(|e| wrong(e.to_string()))?;
    let mut toml: LessonToml = toml::from_str(&text).map_err(|e| wrong(e.to_string()))?;

    let chapter = Page {
        name: name.clone(),
        title: toml.title.clone(),
        core: true,
        minutes: toml.minutes,
        demo: toml.demo,
        goals: toml.goals,
    };
    let pages: Vec<Page> = std::iter::once(chapter).chain(toml.page).collect();
    for (exercise, position) in toml.exercise.iter_mut().zip(1..) {
        let (id, limit) = (&exercise.id, exercise.limit.as_secs());
        if !is_id(id) {
            return Err(wrong(format!(
                "`{id}` is no id: use lower-case letters, digits and hyphens"
            )));
        }
        if !(1..=LIMIT).contains(&limit) {
            return Err(wrong(format!(
                "the limit of `{id}` is {limit} s; it must be 1 to {LIMIT}"
            )));
        }
        if exercise.page.is_empty() {
            exercise.page.clone_from(&name);
        }
        let page = &exercise.page;
        if pages.iter().all(|each| each.name != *page) {
            return Err(wrong(format!(
                "`{id}` is on the page `{page}`, which is not in a [[page]]"
            )));
        }
        exercise.dir = dir.join("exercises").join(id);
        exercise.needs.clone_from(&toml.needs);
        exercise.number = format!("{number}.{position}");
        exercise.lesson.clone_from(&name);
    }

    Ok(Lesson {
        name,
        number,
        title: toml.title,
        minutes: pages.iter().map(|page| page.minutes).sum(),
        pages,
        stops: toml.stops,
        build: toml.build,
        demos: toml.demos,
        needs: toml.needs,
        exercises: toml.exercise,
    })
}

/// An id becomes a folder, a test target and a part of a URL, so it is kept plain.
pub fn is_id(id: &str) -> bool {
    id.starts_with(|c: char| c.is_ascii_lowercase())
        && id
            .chars()
            .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')
}

/// How many letters must change to make `b` of `a` (Levenshtein), for "did you mean".
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, ca) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, cb) in b.iter().enumerate() {
            let above = row[j + 1];
            row[j + 1] = (above + 1)
                .min(row[j] + 1)
                .min(diagonal + usize::from(ca != *cb));
            diagonal = above;
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distance_counts_edits() {
        assert_eq!(distance("frames", "frames"), 0);
        assert_eq!(distance("fraems", "frames"), 2);
        assert_eq!(distance("", "echo"), 4);
    }

    #[test]
    fn ids_are_plain_names() {
        assert!(is_id("many-clients") && is_id("utf8"));
        assert!(!is_id("../x") && !is_id("Echo") && !is_id("") && !is_id("a b"));
    }
}
