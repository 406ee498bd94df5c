//! The record and the texts of a learner as one file, for another computer. Reading it adds what is missing there and
//! replaces nothing; reading it again changes nothing.

use std::collections::{BTreeMap, HashSet};
use std::fs;
use std::io;
use std::path::{Component, Path, PathBuf};

use serde::{Deserialize, Serialize};
use walkdir::{DirEntry, WalkDir};

use super::log::{self, Event};
use super::{Store, texts, untouched, write_atomically};
use crate::course::{Course, is_id};
use crate::verdict::Status;

/// The word in `workbook` that names such a file.
pub const KIND: &str = "carry";
/// Version of the file.
const VERSION: u32 = 1;
/// The learner's own service, and its largest file that is taken, in bytes.
const SERVICE: &str = "my-service";
const SERVICE_FILE: u64 = 1 << 20;

/// All that is carried.
#[derive(Debug, Default, Serialize, Deserialize, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
pub struct Carried {
    workbook: String,
    v: u32,
    /// The lines of the record, as they are.
    log: Vec<String>,
    /// The text in `exercise.rs`, by id, where something was written.
    answers: BTreeMap<String, String>,
    /// The answer that last passed, by id.
    passed: BTreeMap<String, String>,
    /// The texts that a reset or an undo took away, by id, the oldest first.
    kept: BTreeMap<String, Vec<Kept>>,
    /// The files of the learner's own service.
    service: BTreeMap<String, String>,
}

/// A text in `.workbook/kept/`.
#[derive(Debug, Serialize, Deserialize, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
struct Kept {
    /// Whether an undo would bring it back; no, if an undo has already used it.
    waits: bool,
    text: String,
}

/// What came in.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Came {
    /// Lines that the record did not have.
    pub lines: usize,
    /// Lines that are none.
    pub damaged: usize,
    /// Exercises whose stub made place for the text.
    pub answers: Vec<String>,
    /// Exercises with another text here: theirs stayed, the carried one is in `.workbook/kept/`.
    pub aside: Vec<String>,
    /// Passed answers that are new here.
    pub passed: usize,
    /// Kept texts that are new here.
    pub kept: usize,
    /// Files of the own service that are new here.
    pub service: usize,
    /// Files of the own service that differ here; the carried ones are in this folder.
    pub service_aside: Option<PathBuf>,
}

impl Carried {
    /// Reads the text of such a file.
    ///
    /// # Errors
    /// What is wrong with it, as a sentence.
    pub fn parse(text: &[u8]) -> Result<Self, String> {
        let carried: Self = serde_json::from_slice(text)
            .map_err(|e| format!("this is no file of `cargo workbook carry out`: {e}"))?;
        if carried.workbook != KIND || carried.v > VERSION {
            return Err(format!(
                "this file was written by a newer workbook (version {}); `cargo workbook update` gets it",
                carried.v
            ));
        }
        let ids = (carried.answers.keys())
            .chain(carried.passed.keys())
            .chain(carried.kept.keys());
        if let Some(id) = ids.into_iter().find(|id| !is_id(id)) {
            return Err(format!("{id:?} is no name of an exercise"));
        }
        let plain = |path: &&String| {
            let mut parts = Path::new(path).components();
            path.is_empty() || !parts.all(|part| matches!(part, Component::Normal(_)))
        };
        if let Some(path) = carried.service.keys().find(plain) {
            return Err(format!("{path:?} is no path inside {SERVICE}/"));
        }
        Ok(carried)
    }

    /// The file's text.
    pub fn text(&self) -> Vec<u8> {
        let mut text = serde_json::to_vec_pretty(self).unwrap_or_default();
        text.push(b'\n');
        text
    }

    /// How many lines, answers and kept texts are in it.
    pub fn counts(&self) -> (usize, usize, usize) {
        let kept = self.kept.values().map(Vec::len).sum();
        (self.log.len(), self.answers.len(), kept)
    }
}

impl Store {
    /// Gathers all that a learner has made in `course`.
    ///
    /// # Errors
    /// What the system says; and a file that is not UTF-8, by name.
    pub fn carry_out(&self, course: &Course) -> io::Result<Carried> {
        let _lock = self.lock()?;
        let mut carried = Carried {
            workbook: KIND.to_owned(),
            v: VERSION,
            log: self.raw_lines()?,
            ..Carried::default()
        };
        for exercise in course.exercises() {
            if !untouched(&course.root, exercise) {
                let text = read_text(&course.path(&exercise.answer()))?;
                carried.answers.insert(exercise.id.clone(), text);
            }
        }
        for file in texts::files(&self.dir.join("passed"))? {
            let id = file.file_stem().and_then(|stem| stem.to_str());
            if let Some(id) = id.filter(|id| is_id(id)) {
                carried.passed.insert(id.to_owned(), read_text(&file)?);
            }
        }
        for dir in texts::files(&self.dir.join("kept"))? {
            let id = dir.file_name().and_then(|name| name.to_str());
            if let Some(id) = id.filter(|id| is_id(id) && dir.is_dir()) {
                let found = texts::files(&dir)?.into_iter().map(|file| {
                    let (waits, text) = (texts::waits(&file), read_text(&file)?);
                    Ok(Kept { waits, text })
                });
                let found = found.collect::<io::Result<_>>()?;
                carried.kept.insert(id.to_owned(), found);
            }
        }
        carried.service = own_files(&course.root.join(SERVICE))?;
        Ok(carried)
    }

    /// Adds what `carried` has and `course` has not.
    ///
    /// # Errors
    /// What the system says; what came in before stays, and reading the file again goes on.
    pub fn carry_in(&self, course: &Course, carried: &Carried) -> io::Result<Came> {
        let _lock = self.lock()?;
        let mut came = Came::default();
        // The passes as they were here before the record grows.
        let here = self.last_passes(&self.raw_lines()?);
        let there = self.last_passes(&carried.log);
        // The kept texts are older than the answers: an answer is what the next undo brings.
        for (id, texts) in &carried.kept {
            for kept in texts {
                let new = self.keep_new(self.renames.now(id), &kept.text, kept.waits)?;
                came.kept += usize::from(new);
            }
        }
        for (id, text) in &carried.answers {
            let id = self.renames.now(id);
            let Ok(exercise) = course.exercise(id) else {
                came.kept += usize::from(self.keep_new(id, text, true)?);
                continue;
            };
            let answer = course.path(&exercise.answer());
            if untouched(&course.root, exercise) {
                write_atomically(&answer, text.as_bytes())?;
                came.answers.push(id.to_owned());
            } else if fs::read(&answer)? != text.as_bytes() && self.keep_new(id, text, true)? {
                came.aside.push(id.to_owned());
            }
        }
        fs::create_dir_all(self.dir.join("passed"))?;
        for (id, text) in &carried.passed {
            let place = self.dir.join("passed").join(format!("{id}.rs"));
            let newer = there.get(self.renames.now(id)) > here.get(self.renames.now(id));
            if !place.exists() || newer && fs::read(&place)? != text.as_bytes() {
                write_atomically(&place, text.as_bytes())?;
                came.passed += 1;
            }
        }
        self.carry_service(course, carried, &mut came)?;
        // The record last: as long as it is the old one, the file has not been read.
        self.carry_lines(carried, &mut came)?;
        Ok(came)
    }

    fn carry_lines(&self, carried: &Carried, came: &mut Came) -> io::Result<()> {
        let mut lines = self.raw_lines()?;
        let known: HashSet<String> = lines.iter().cloned().collect();
        for line in &carried.log {
            if known.contains(line) {
                continue;
            }
            match log::read_line(line.as_bytes()) {
                Ok(_) => {
                    lines.push(line.clone());
                    came.lines += 1;
                }
                Err(_) => came.damaged += 1,
            }
        }
        if came.lines == 0 {
            return Ok(());
        }
        // By time; a line that cannot be read stays behind the one before it.
        let mut last = 0;
        let mut timed: Vec<(u64, String)> = (lines.into_iter())
            .map(|line| {
                last = log::read_line(line.as_bytes()).map_or(last, |line| line.at);
                (last, line)
            })
            .collect();
        timed.sort_by_key(|(at, _)| *at);
        let text: String = (timed.into_iter())
            .flat_map(|(_, line)| [line, "\n".to_owned()])
            .collect();
        write_atomically(&self.log(), text.as_bytes())
    }

    fn carry_service(&self, course: &Course, carried: &Carried, came: &mut Came) -> io::Result<()> {
        let service = course.root.join(SERVICE);
        let fresh = !service.exists();
        for (path, text) in &carried.service {
            let place = service.join(path);
            if fs::read(&place).is_ok_and(|here| here == text.as_bytes()) {
                continue;
            }
            let aside = self.kept(SERVICE);
            let place = if fresh { place } else { aside.join(path) };
            if fs::read(&place).is_ok_and(|here| here == text.as_bytes()) {
                continue;
            }
            fs::create_dir_all(place.parent().unwrap_or(&service))?;
            write_atomically(&place, text.as_bytes())?;
            match fresh {
                true => came.service += 1,
                false => came.service_aside = Some(aside),
            }
        }
        Ok(())
    }

    /// Keeps `text` for `id` if it is not kept yet, and whether it was not; `waits`: an undo brings it back.
    fn keep_new(&self, id: &str, text: &str, waits: bool) -> io::Result<bool> {
        let kept = self.kept(id);
        let before = texts::files(&kept)?.len();
        texts::keep(&kept, text.as_bytes(), waits)?;
        Ok(texts::files(&kept)?.len() > before)
    }

    /// When each exercise last passed, by its present id.
    fn last_passes(&self, lines: &[String]) -> BTreeMap<String, u64> {
        let mut passes = BTreeMap::new();
        for line in lines
            .iter()
            .filter_map(|line| log::read_line(line.as_bytes()).ok())
        {
            if matches!(&line.event, Event::Attempt(attempt) if attempt.status == Status::Passed) {
                let last = passes
                    .entry(self.renames.now(&line.id).to_owned())
                    .or_insert(0);
                *last = line.at.max(*last);
            }
        }
        passes
    }

    fn raw_lines(&self) -> io::Result<Vec<String>> {
        match fs::read(self.log()) {
            Ok(bytes) => Ok(String::from_utf8_lossy(&bytes)
                .lines()
                .filter(|line| !line.trim().is_empty())
                .map(str::to_owned)
                .collect()),
            Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
            Err(e) => Err(e),
        }
    }
}

fn read_text(file: &Path) -> io::Result<String> {
    fs::read_to_string(file)
        .map_err(|e| io::Error::new(e.kind(), format!("{}: {e}", file.display())))
}

/// The text files of the own service in `dir`, without what a build made.
fn own_files(dir: &Path) -> io::Result<BTreeMap<String, String>> {
    let made = ["target", "node_modules", "__pycache__", ".git", ".venv"];
    let mut found = BTreeMap::new();
    if !dir.exists() {
        return Ok(found);
    }
    let own = |entry: &DirEntry| !made.iter().any(|name| entry.file_name() == *name);
    for entry in WalkDir::new(dir).into_iter().filter_entry(own) {
        let entry = entry?;
        if entry.file_type().is_file()
            && entry.metadata()?.len() <= SERVICE_FILE
            && let Ok(text) = fs::read_to_string(entry.path())
            && let Some(inside) = entry.path().strip_prefix(dir).ok().and_then(Path::to_str)
        {
            found.insert(inside.to_owned(), text);
        }
    }
    Ok(found)
}
