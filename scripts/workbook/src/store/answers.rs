//! Makes the learner's `exercise.rs` out of `stub.rs` where it is missing. Git does not know `exercise.rs`, so that no
//! pull ever meets an answer; therefore the runner follows what a pull changes:
//!
//! * a new stub takes the place of the old one where the learner has not written anything yet. `.workbook/made/ID`
//!   holds the hash of the stub that `exercise.rs` was made from;
//! * an exercise that has another id or lesson now takes the text from its old folder;
//! * the text of an exercise that the course no longer has goes to `.workbook/kept/ID/`.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::texts::{self, exchange};
use super::{Store, sync_dir, write_atomically};
use crate::course::{Course, Exercise};
use crate::digest::sha256;

/// What `prepare` did with a text that was there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Followed {
    /// The file had been made, and was gone: the stub is there again. Relative to the course.
    Again(PathBuf),
    /// The stub of the exercise changed, and nothing had been written into it.
    Renewed(String),
    /// The exercise has another id or lesson now: its text moved from this file to that one, relative to the course.
    Moved(PathBuf, PathBuf),
    /// The course no longer has the exercise: its text moved from this file to that one, relative to the course.
    Kept(PathBuf, PathBuf),
}

/// What one exercise needs.
enum Step {
    /// Nothing is there.
    Make,
    /// Nothing is there but a text in an old folder.
    Adopt(PathBuf),
    /// The stub is there, and that is not written down.
    Note,
    /// An older stub is there.
    Renew,
}

impl Store {
    /// Makes every missing `exercise.rs` of `course`, and follows what a pull has changed. It never changes a text
    /// that a learner has written.
    ///
    /// # Errors
    /// What the system says when a file cannot be written; each text is then in its old place or its new one.
    pub fn prepare(&self, course: &Course) -> io::Result<Vec<Followed>> {
        let idle = |exercise: &Exercise| self.step(&course.root, exercise, &[]).is_none();
        if orphans(course).is_empty() && course.exercises().all(idle) {
            return Ok(Vec::new());
        }
        let _lock = self.lock()?;
        let mut followed = Vec::new();
        let orphans_before = orphans(course);
        for exercise in course.exercises() {
            if let Some(step) = self.step(&course.root, exercise, &orphans_before) {
                followed.extend(self.act(&course.root, exercise, &step)?);
            }
        }
        for orphan in orphans(course) {
            followed.extend(self.put_away(&course.root, &orphan)?);
        }
        Ok(followed)
    }

    /// What `exercise` needs; `orphans` are the texts without an exercise.
    fn step(&self, root: &Path, exercise: &Exercise, orphans: &[PathBuf]) -> Option<Step> {
        let stub = fs::read(root.join(exercise.stub())).ok()?;
        let made = self.made(&exercise.id);
        match fs::read(root.join(exercise.answer())) {
            Ok(text) if text == stub => (made != Some(sha256(&stub))).then_some(Step::Note),
            Ok(text) => (made == Some(sha256(&text))).then_some(Step::Renew),
            Err(e) if e.kind() == io::ErrorKind::NotFound => {
                let is_old = |orphan: &&PathBuf| self.ids(exercise).any(|id| id == id_of(orphan));
                let old = orphans.iter().find(is_old);
                Some(old.map_or(Step::Make, |old| Step::Adopt(old.clone())))
            }
            // A file that cannot be read: the command that needs it reports the error.
            Err(_) => None,
        }
    }

    fn act(&self, root: &Path, exercise: &Exercise, step: &Step) -> io::Result<Option<Followed>> {
        let answer = root.join(exercise.answer());
        let stub = fs::read(root.join(exercise.stub()))?;
        let followed = match step {
            Step::Note => None,
            Step::Make => {
                make(&answer, &stub)?;
                let again = self.made(&exercise.id).is_some();
                again.then(|| Followed::Again(exercise.answer()))
            }
            Step::Adopt(old) => {
                let text = fs::read(root.join(old))?;
                if self.made(id_of(old)) == Some(sha256(&text)) {
                    fs::remove_file(root.join(old))?;
                    make(&answer, &stub)?;
                } else {
                    fs::create_dir_all(answer.parent().unwrap_or(root))?;
                    fs::rename(root.join(old), &answer)?;
                    sync_dir(&answer);
                }
                remove_empty(&root.join(old));
                Some(Followed::Moved(old.clone(), exercise.answer()))
            }
            Step::Renew => {
                let place = self.dir.join("made").join(format!("{}.old", exercise.id));
                write_atomically(&place, &stub)?;
                exchange(&place, &answer)?;
                if self.made(&exercise.id) != Some(sha256(&fs::read(&place)?)) {
                    // Saved in this very moment: it is a learner's text after all.
                    exchange(&place, &answer)?;
                    fs::remove_file(&place)?;
                    return Ok(None);
                }
                fs::remove_file(&place)?;
                Some(Followed::Renewed(exercise.id.clone()))
            }
        };
        self.write_made(root, exercise)?;
        Ok(followed)
    }

    /// Moves a text without an exercise to the kept ones; an old stub is no text.
    fn put_away(&self, root: &Path, orphan: &Path) -> io::Result<Option<Followed>> {
        let id = id_of(orphan);
        let text = fs::read(root.join(orphan))?;
        let followed = if self.made(id) == Some(sha256(&text)) {
            fs::remove_file(root.join(orphan))?;
            None
        } else {
            let place = texts::keep(&self.kept(id), &text, true)?;
            fs::remove_file(root.join(orphan))?;
            let place = place.strip_prefix(root).unwrap_or(&place).to_owned();
            Some(Followed::Kept(orphan.to_owned(), place))
        };
        remove_empty(&root.join(orphan));
        Ok(followed)
    }

    /// Writes down that `exercise.rs` is made from the stub of today. Not synced: without it a text only counts as the
    /// learner's.
    pub(super) fn write_made(&self, root: &Path, exercise: &Exercise) -> io::Result<()> {
        let dir = self.dir.join("made");
        fs::create_dir_all(&dir)?;
        fs::write(
            dir.join(&exercise.id),
            sha256(&fs::read(root.join(exercise.stub()))?),
        )
    }

    /// The hash of the stub that `exercise.rs` of `id` was made from.
    fn made(&self, id: &str) -> Option<String> {
        fs::read_to_string(self.dir.join("made").join(id)).ok()
    }
}

/// Writes the stub where no file is yet; one that appears meanwhile stays.
fn make(answer: &Path, stub: &[u8]) -> io::Result<()> {
    let new = answer.with_extension("rs.new");
    fs::write(&new, stub)?;
    let linked = fs::hard_link(&new, answer);
    fs::remove_file(&new)?;
    match linked {
        Ok(()) => Ok(()),
        Err(e) if e.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        // A file system without links.
        Err(_) => {
            fs::File::create_new(answer).and_then(|mut file| io::Write::write_all(&mut file, stub))
        }
    }
}

/// Texts in folders that hold no exercise, relative to the course: what a pull leaves behind.
fn orphans(course: &Course) -> Vec<PathBuf> {
    let mut found = Vec::new();
    // A folder that cannot be read holds no text that could be moved.
    for lesson in texts::files(&course.path(Path::new("lessons"))).unwrap_or_default() {
        for exercise in texts::files(&lesson.join("exercises")).unwrap_or_default() {
            let text = exercise.join("exercise.rs");
            if text.is_file()
                && !exercise.join("stub.rs").exists()
                && let Ok(text) = text.strip_prefix(&course.root)
            {
                found.push(text.to_owned());
            }
        }
    }
    found
}

/// The id of the exercise that a path `lessons/LESSON/exercises/ID/exercise.rs` belonged to.
fn id_of(text: &Path) -> &str {
    let folder = text.parent().and_then(Path::file_name);
    folder.and_then(|name| name.to_str()).unwrap_or_default()
}

/// Removes the folders of an exercise that is gone, as far as they are empty.
fn remove_empty(text: &Path) {
    for dir in text.ancestors().skip(1).take(3) {
        if fs::remove_dir(dir).is_err() {
            return;
        }
    }
}
