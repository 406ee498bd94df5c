//! What the runner keeps for the learner, all under `.workbook/`:
//!
//! * `attempts.jsonl`: the only record, one line an event, only ever appended to (`log`);
//! * `kept/ID/`: every text that a reset or an undo took out of `exercise.rs` (`texts`);
//! * `passed/ID.rs`: the answer that last passed;
//! * `page/ID.rs`: for the moment of a save, the text that comes from the page (`page`);
//! * `made/ID`: the hash of the stub that `exercise.rs` was made from (`answers`).
//!
//! Nothing here is ever deleted by the runner, or moved to another id: what lies under an old id of an exercise is
//! read as if it lay under the present one.

mod answers;
mod carried;
mod log;
mod page;
mod progress;
mod standing;
mod texts;

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use crate::course::{Exercise, Renames};
use crate::digest;
use crate::verdict::Verdict;

pub use answers::Followed;
pub use carried::{Came, Carried};
pub use log::{Attempt, Damage, Event, Line, now, read};
pub use page::Saved;
pub use progress::{Progress, State};
pub use standing::{Standing, is_stub, untouched};
pub use texts::{Reset, Undo};

/// The folder `.workbook/` of one course.
#[derive(Debug, Clone)]
pub struct Store {
    dir: PathBuf,
    renames: Renames,
}

impl Store {
    /// The store of the course in `root`. Nothing is created before something is kept.
    pub fn new(root: &Path) -> Self {
        Self {
            dir: root.join(".workbook"),
            renames: Renames::read(root),
        }
    }

    /// Writes an attempt into the record and, after a pass, keeps the answer that was judged.
    ///
    /// The untouched stub is no attempt: an exercise is not "tried" because its file was opened.
    ///
    /// # Errors
    /// What the system says when it cannot be written; the record is then as it was.
    pub fn attempt(&self, root: &Path, exercise: &Exercise, verdict: &Verdict) -> io::Result<()> {
        if !verdict.passed() && is_stub(root, exercise, &verdict.answer) {
            return Ok(());
        }
        let _lock = self.lock()?;
        if verdict.passed() {
            let passed = self.dir.join("passed");
            fs::create_dir_all(&passed)?;
            write_atomically(&passed.join(format!("{}.rs", verdict.id)), &verdict.answer)?;
        }
        let state = self.progress().0.state(&verdict.id);
        let attempt = Attempt::of(verdict, state, digest::sha256(&verdict.answer));
        self.append(&verdict.id, Event::Attempt(attempt))
    }

    /// Writes an attempt of a stage of the learner's own service into the record; `hash` names its text.
    pub fn stage(&self, verdict: &Verdict, hash: String) -> io::Result<()> {
        let _lock = self.lock()?;
        let attempt = Attempt {
            check: None,
            seen: None,
            ..Attempt::of(verdict, State::default(), hash)
        };
        self.append(&verdict.id, Event::Attempt(attempt))
    }

    /// Writes into the record what the learner was shown: [`Event::Hint`] or [`Event::Reveal`].
    pub fn shown(&self, id: &str, event: Event) -> io::Result<()> {
        let _lock = self.lock()?;
        self.append(id, event)
    }

    /// The record, folded; and the lines that could not be read.
    pub fn progress(&self) -> (Progress, Vec<Damage>) {
        let (lines, damage) = self.lines();
        (Progress::fold(&lines), damage)
    }

    /// The lines of the record with the present ids; and the lines that could not be read.
    pub fn lines(&self) -> (Vec<Line>, Vec<Damage>) {
        let (mut lines, damage) = log::read(&self.log());
        for line in &mut lines {
            line.id = self.renames.now(&line.id).to_owned();
        }
        (lines, damage)
    }

    /// Puts the stub back into `exercise.rs` and keeps the learner's text. The second value is the
    /// reason why that is not in the record, if it is not.
    ///
    /// # Errors
    /// What the system says; the learner's text is then still in its place.
    pub fn reset(
        &self,
        root: &Path,
        exercise: &Exercise,
    ) -> io::Result<(Reset, Option<io::Error>)> {
        let _lock = self.lock()?;
        let done = texts::reset(&self.kept(&exercise.id), root, exercise)?;
        let _ = self.write_made(root, exercise);
        let recorded = match done {
            Reset::AlreadyTheStub => Ok(()),
            _ => self.append(&exercise.id, Event::Reset),
        };
        Ok((done, recorded.err()))
    }

    /// Brings back the text that the last reset took away. The second value is as for
    /// [`Store::reset`].
    ///
    /// # Errors
    /// What the system says; both texts are then still there.
    pub fn undo(&self, root: &Path, exercise: &Exercise) -> io::Result<(Undo, Option<io::Error>)> {
        let _lock = self.lock()?;
        let mut done = Undo::NothingKept;
        for id in self.ids(exercise) {
            if done == Undo::NothingKept {
                done = texts::undo(&self.kept(id), root, exercise)?;
            }
        }
        let recorded = match done {
            Undo::NothingKept => Ok(()),
            Undo::BroughtBack => self.append(&exercise.id, Event::Undo),
        };
        Ok((done, recorded.err()))
    }

    /// Whether an undo would bring back a text of `exercise`.
    pub fn can_undo(&self, exercise: &Exercise) -> bool {
        self.ids(exercise).any(|id| texts::can_undo(&self.kept(id)))
    }

    /// The id of `exercise`, and those that it had before.
    fn ids<'a>(&'a self, exercise: &'a Exercise) -> impl Iterator<Item = &'a str> {
        std::iter::once(exercise.id.as_str()).chain(self.renames.before(&exercise.id))
    }

    /// Puts `text` into `exercise.rs`, if the file still has the text whose hash is `known`.
    ///
    /// # Errors
    /// What the system says; `exercise.rs` is then as it was.
    pub fn save(
        &self,
        root: &Path,
        exercise: &Exercise,
        known: &str,
        text: &[u8],
    ) -> io::Result<Saved> {
        let _lock = self.lock()?;
        let place = self.dir.join("page").join(format!("{}.rs", exercise.id));
        page::save(
            &place,
            &self.kept(&exercise.id),
            root,
            exercise,
            known,
            text,
        )
    }

    /// Keeps `text`, under a name that no undo takes.
    pub fn set_aside(&self, exercise: &Exercise, text: &[u8]) -> io::Result<()> {
        let _lock = self.lock()?;
        let place = self.dir.join("page").join(format!("{}.aside", exercise.id));
        fs::create_dir_all(self.dir.join("page"))?;
        write_atomically(&place, text)?;
        texts::put_by(&self.kept(&exercise.id), &place)
    }

    /// Appends an event of this moment. The caller holds the lock.
    fn append(&self, id: &str, event: Event) -> io::Result<()> {
        log::append(&self.log(), &Line::now(id, event))
    }

    fn log(&self) -> PathBuf {
        self.dir.join("attempts.jsonl")
    }

    fn kept(&self, id: &str) -> PathBuf {
        self.dir.join("kept").join(id)
    }

    /// Held while something is written, so that two runners take turns; dropping the file ends it.
    fn lock(&self) -> io::Result<File> {
        fs::create_dir_all(&self.dir)?;
        let file = File::create(self.dir.join("lock"))?;
        match file.lock() {
            // Some network file systems have no locks; then one runner at a time is up to the user.
            Err(e) if e.kind() != io::ErrorKind::Unsupported => Err(e),
            _ => Ok(file),
        }
    }
}

/// Writes a file so that a reader, or a crash, sees the old text or the new one and nothing between.
///
/// # Errors
/// What the system says; the old text is then still there.
pub fn write_atomically(path: &Path, bytes: &[u8]) -> io::Result<()> {
    use std::io::Write;
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".new");
    let new = path.with_file_name(name);
    let written = File::create(&new).and_then(|mut file| {
        file.write_all(bytes)?;
        file.sync_all()
    });
    if let Err(e) = written {
        // A half-written file helps nobody; if even this fails the first error says more.
        let _ = fs::remove_file(&new);
        return Err(e);
    }
    fs::rename(&new, path)?;
    sync_dir(path);
    Ok(())
}

/// Makes a rename in the folder of `path` survive a power cut. Not every system can; then the
/// rename is as safe as the system makes it.
fn sync_dir(path: &Path) {
    if let Some(dir) = path.parent()
        && let Ok(dir) = File::open(dir)
    {
        let _ = dir.sync_all();
    }
}
