//! Builds the book into `target/workbook/book`, and not at all where nothing has changed.
//!
//! It is built beside its place and then moved there: a reader, a second runner or a crash never
//! meets half a book, and a chapter that cannot be built leaves the last good book alone.

use std::collections::BTreeMap;
use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow};
use mdbook_driver::MDBook;
use mdbook_driver::config::Config;
use walkdir::{DirEntry, WalkDir};

use crate::course::Course;
use crate::paths::target_dir;

/// The name of our preprocessor in `book.toml`.
const PREPROCESSOR: &str = "workbook";

/// Where the book of the course in `root` is built.
pub fn dir(root: &Path) -> PathBuf {
    target_dir(root).join("workbook").join("book")
}

/// Sees to it that the book is there and up to date. `started` is called before a build. Returns how long that took, if
/// anything that the book is made of had changed.
///
/// # Errors
/// The reason, in words; the last good book, if there was one, is then still there.
pub fn ensure(root: &Path, started: impl FnOnce()) -> Result<Option<Duration>> {
    let place = dir(root);
    let base = target_dir(root).join("workbook");
    fs::create_dir_all(&base).with_context(|| format!("cannot make {}", base.display()))?;
    // A second runner waits, and then finds the book fresh.
    let lock = fs::File::create(base.join("book.lock"))?;
    // Some network file systems have no locks; then one runner at a time is up to the user.
    let _ = lock.lock();
    let stamp = base.join("book.stamp");
    let now = fingerprint(root);
    if place.join("index.html").is_file() && fs::read_to_string(&stamp).is_ok_and(|old| old == now)
    {
        return Ok(None);
    }
    started();
    let since = Instant::now();
    let new = base.join("book.new");
    let old = base.join("book.old");
    remove(&new)?;
    build(root, &new)?;
    super::slides::write(&Course::load(root)?, &new)?;
    remove(&old)?;
    remove(&stamp)?;
    if place.exists() {
        fs::rename(&place, &old)?;
    }
    fs::rename(&new, &place)?;
    fs::write(&stamp, now)?;
    // Its files are of no use any more; a failure here is no reason to refuse the new book.
    let _ = remove(&old);
    Ok(Some(since.elapsed()))
}

/// Builds the book of the course in `root` into `into`.
pub fn build(root: &Path, into: &Path) -> Result<()> {
    let course = Course::load(root)?;
    let book = root.join("book");
    let mut config = Config::from_disk(book.join("book.toml"))
        .with_context(|| format!("cannot read {}", book.join("book.toml").display()))?;
    // The same work is done below in this process: no second program, and faults as values.
    let mut preprocessors: BTreeMap<String, toml::Value> = config.preprocessors()?;
    preprocessors.remove(PREPROCESSOR);
    config.set("preprocessor", preprocessors)?;
    config.build.build_dir = into.to_owned();
    // A runner writes nothing into the sources; a chapter that is not there is a mistake.
    config.build.create_missing = false;
    let mut book = MDBook::load_with_config(book, config)?;
    let src = book.source_dir();
    super::preprocess(&course, &src, &mut book.book)?;
    // A fault in mdBook must not take the runner, and a check that runs, down with it.
    std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| book.build()))
        .map_err(|_| anyhow!("mdBook panicked while it built the pages"))??;
    Ok(())
}

fn remove(path: &Path) -> std::io::Result<()> {
    let done = if path.is_dir() {
        fs::remove_dir_all(path)
    } else {
        fs::remove_file(path)
    };
    match done {
        Err(e) if e.kind() != std::io::ErrorKind::NotFound => Err(e),
        _ => Ok(()),
    }
}

/// Changes when a file that the book is made of changes: names, sizes and times of all of them,
/// and of this program, which writes a part of the pages.
///
/// The learner's own `exercise.rs` is none of them: saving an answer must not rebuild the book.
pub fn fingerprint(root: &Path) -> String {
    let mut hasher = DefaultHasher::new();
    if let Ok(own) = std::env::current_exe() {
        stamp(&own, &mut hasher);
    }
    // Editors keep swap and backup files beside the file; they come and go while one types.
    let counts = |entry: &DirEntry| {
        let name = entry.file_name().to_string_lossy();
        !name.starts_with('.')
            && !name.ends_with('~')
            && !matches!(&*name, "exercise.rs" | "target")
            && entry.path() != root.join("book/book")
    };
    for folder in ["book", "lessons"] {
        let files = WalkDir::new(root.join(folder)).sort_by_file_name();
        for file in files.into_iter().filter_entry(counts).flatten() {
            if !file.file_type().is_dir() {
                stamp(file.path(), &mut hasher);
            }
        }
    }
    format!("{:016x}", hasher.finish())
}

fn stamp(path: &Path, hasher: &mut DefaultHasher) {
    path.hash(hasher);
    if let Ok(data) = fs::metadata(path) {
        data.len().hash(hasher);
        data.modified().ok().hash(hasher);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_changes_nothing_and_a_chapter_does() {
        let dir = tempfile::tempdir().expect("a folder");
        let root = dir.path();
        let exercise = root.join("lessons/01-a/exercises/e");
        fs::create_dir_all(&exercise).expect("made");
        fs::create_dir_all(root.join("book/src")).expect("made");
        let write = |name: &str, text: &str| fs::write(root.join(name), text).expect("written");
        write("book/src/a.md", "one");
        let before = fingerprint(root);
        write("lessons/01-a/exercises/e/exercise.rs", "fn f() {}");
        write("book/src/.a.md.swp", "x");
        write("book/src/a.md~", "x");
        assert_eq!(fingerprint(root), before);
        write("lessons/01-a/exercises/e/check.rs", "fn f() {}");
        let check = fingerprint(root);
        assert_ne!(check, before);
        write("book/src/a.md", "longer");
        assert_ne!(fingerprint(root), check);
    }
}
