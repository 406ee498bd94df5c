//! A copy of the course in which any answer can be judged; the learner's files are never touched.

use std::collections::{HashMap, HashSet};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::course::{Course, Exercise};
use crate::judge::build::Place;
use crate::paths::target_dir;

/// Folders that hold nothing a check needs.
const LEFT_OUT: &str = "target .git .workbook node_modules book my-service";

/// Texts that a copy has in the place of the course's own, by path relative to the course.
pub type Overlay = HashMap<PathBuf, String>;

/// The copy: sources under `target/workbook/NAME/`, with a target directory that only copies use.
#[derive(Debug)]
pub struct Scratch {
    /// Where to build.
    pub place: Place,
    /// Held as long as the copy is used: a second runner waits instead of mixing its answers in.
    _lock: fs::File,
}

impl Scratch {
    /// Brings the copy up to date with the course. A file that did not change is not written
    /// again, so that cargo compiles only what differs.
    ///
    /// # Errors
    /// What the system says when a file cannot be read or written.
    pub fn refresh(course: &Course, name: &str) -> io::Result<Self> {
        Self::refresh_with(course, name, &Overlay::new())
    }

    /// The same, with the files of `overlay` in the place of the course's own, or beside them.
    ///
    /// # Errors
    /// What the system says when a file cannot be read or written.
    pub fn refresh_with(course: &Course, name: &str, overlay: &Overlay) -> io::Result<Self> {
        let base = target_dir(&course.root).join("workbook");
        let root = base.join(name);
        fs::create_dir_all(&root)?;
        let lock = fs::File::create(base.join(format!("{name}.lock")))?;
        lock.lock()?;
        let mut kept = HashSet::new();
        for (file, text) in overlay {
            let file = root.join(file);
            for dir in file.ancestors().skip(1).take_while(|dir| *dir != root) {
                kept.insert(dir.to_owned());
            }
            fs::create_dir_all(file.parent().unwrap_or(&root))?;
            write_if_different(&file, text.as_bytes())?;
            kept.insert(file);
        }
        copy_tree(&course.root, &root, &mut kept)?;
        remove_others(&root, &kept)?;
        // One for each copy: cargo takes crates of one name and version in two copies for the same. `scripts/test`
        // names one for all, so that the crates of the registry are compiled once: there no copy changes.
        let target = match std::env::var_os("WORKBOOK_TARGET") {
            Some(shared) => Path::new(&shared).join("workbook/target"),
            None => base.join(format!("{name}-target")),
        };
        let target = Some(target);
        Ok(Self {
            place: Place { root, target },
            _lock: lock,
        })
    }

    /// Puts `text` in the place of the answer of `exercise`.
    ///
    /// # Errors
    /// What the system says when the file cannot be written.
    pub fn put(&self, exercise: &Exercise, text: &str) -> io::Result<()> {
        self.write(&exercise.answer(), text)
    }

    /// Writes `text` into `file` of the copy, a path relative to the course.
    ///
    /// # Errors
    /// What the system says when the file cannot be written.
    pub fn write(&self, file: &Path, text: &str) -> io::Result<()> {
        write_if_different(&self.place.root.join(file), text.as_bytes())
    }
}

fn copy_tree(from: &Path, to: &Path, kept: &mut HashSet<PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let name = entry.file_name();
        let kind = entry.file_type()?;
        let target = to.join(&name);
        if kind.is_dir() {
            if LEFT_OUT.split(' ').any(|left_out| name == left_out) {
                continue;
            }
            fs::create_dir_all(&target)?;
            kept.insert(target.clone());
            copy_tree(&entry.path(), &target, kept)?;
        } else if kind.is_file() && kept.insert(target.clone()) {
            write_if_different(&target, &fs::read(entry.path())?)?;
        }
    }
    Ok(())
}

fn write_if_different(path: &Path, bytes: &[u8]) -> io::Result<()> {
    match fs::read(path) {
        Ok(old) if old == bytes => Ok(()),
        _ => fs::write(path, bytes),
    }
}

/// Takes away what the course no longer has: cargo would find it and build it.
fn remove_others(dir: &Path, kept: &HashSet<PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(dir)? {
        let path = entry?.path();
        if kept.contains(&path) {
            if path.is_dir() {
                remove_others(&path, kept)?;
            }
        } else if path.is_dir() {
            fs::remove_dir_all(&path)?;
        } else if path.file_name().is_none_or(|name| name != "Cargo.lock") {
            fs::remove_file(&path)?;
        }
    }
    Ok(())
}
