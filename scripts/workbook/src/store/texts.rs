//! Takes a learner's text out of `exercise.rs` and puts it back, without a moment in which it is
//! nowhere.
//!
//! The trick is one system call: the two files *exchange* their names (renameat2(2),
//! `RENAME_EXCHANGE`). Before it, the kept file holds the stub; after it, the stub is in
//! `exercise.rs` and the kept file holds whatever the learner had saved last, even if that was a
//! microsecond ago. A kill before or after it loses nothing, and there is no "in between".

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use super::{sync_dir, write_atomically};
use crate::course::Exercise;

/// What a reset did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reset {
    /// The learner's text is kept in this file, the stub is back.
    Kept(PathBuf),
    /// There was no `exercise.rs`; the stub is back.
    WasMissing,
    /// There was nothing to keep.
    AlreadyTheStub,
}

/// What an undo did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Undo {
    /// The kept text is back; what was there in between is kept.
    BroughtBack,
    /// No text is kept for this exercise.
    NothingKept,
}

pub fn reset(kept: &Path, root: &Path, exercise: &Exercise) -> io::Result<Reset> {
    let answer = root.join(exercise.answer());
    let stub = fs::read(root.join(exercise.stub()))?;
    match fs::read(&answer) {
        Ok(text) if text == stub => return Ok(Reset::AlreadyTheStub),
        Ok(_) => {}
        Err(e) if e.kind() == io::ErrorKind::NotFound => {
            write_atomically(&answer, &stub)?;
            return Ok(Reset::WasMissing);
        }
        Err(e) => return Err(e),
    }
    fs::create_dir_all(kept)?;
    let place = kept.join(format!("{:04}.rs", next_number(kept)?));
    write_synced(&place, &stub)?;
    if let Err(e) = exchange(&place, &answer) {
        // The learner's text has not moved, so this file holds only the stub.
        let _ = fs::remove_file(&place);
        return Err(e);
    }
    Ok(Reset::Kept(place))
}

pub fn undo(kept: &Path, root: &Path, exercise: &Exercise) -> io::Result<Undo> {
    let answer = root.join(exercise.answer());
    let stub = fs::read(root.join(exercise.stub())).unwrap_or_default();
    loop {
        let Some((number, place)) = newest(kept)? else {
            return Ok(Undo::NothingKept);
        };
        if fs::read(&place)? == stub {
            // A reset that was killed before the exchange: there is nothing to bring back.
            fs::rename(&place, kept.join(format!("{number:04}.stub.rs")))?;
            continue;
        }
        if answer.exists() {
            // Cargo goes by the time of a file: an old time would mean "nothing to compile".
            let file = File::options().write(true).open(&place)?;
            file.set_modified(SystemTime::now())?;
            exchange(&place, &answer)?;
            // Now the kept file holds what the undo replaced. It stays, under another name.
            fs::rename(&place, kept.join(format!("{number:04}.undone.rs")))?;
        } else {
            write_atomically(&answer, &fs::read(&place)?)?;
            fs::rename(&place, kept.join(format!("{number:04}.restored.rs")))?;
        }
        sync_dir(&place);
        return Ok(Undo::BroughtBack);
    }
}

/// Keeps `text` under the next number, unless it is kept already; gives the file. `waits`: an undo brings it back.
pub fn keep(kept: &Path, text: &[u8], waits: bool) -> io::Result<PathBuf> {
    for (_, place) in numbers(kept)? {
        if fs::read(&place)? == text {
            return Ok(place);
        }
    }
    fs::create_dir_all(kept)?;
    let ending = if waits { "rs" } else { "carried.rs" };
    let place = kept.join(format!("{:04}.{ending}", next_number(kept)?));
    write_synced(&place, text)?;
    sync_dir(&place);
    Ok(place)
}

/// Moves `place` to the kept texts, under a name that no undo takes.
pub fn put_by(kept: &Path, place: &Path) -> io::Result<()> {
    fs::create_dir_all(kept)?;
    let to = kept.join(format!("{:04}.page.rs", next_number(kept)?));
    fs::rename(place, &to)?;
    sync_dir(&to);
    Ok(())
}

/// Whether an undo would bring back a text.
pub fn can_undo(kept: &Path) -> bool {
    newest(kept).is_ok_and(|newest| newest.is_some())
}

/// Both files change places. Where the system cannot do that in one step, the text is copied and
/// synced first, and replaced afterwards.
pub fn exchange(place: &Path, answer: &Path) -> io::Result<()> {
    // An editor or a teacher may have made exercise.rs a link; the text is what it points to.
    let answer = fs::canonicalize(answer)?;
    if exchange_at_once(place, &answer)? {
        sync_dir(place);
        sync_dir(&answer);
        return Ok(());
    }
    let incoming = fs::read(place)?;
    let outgoing = fs::read(&answer)?;
    write_atomically(place, &outgoing)?;
    write_atomically(&answer, &incoming)
}

/// Whether the system did it. An error other than "I cannot do that" is an error.
#[cfg(any(target_os = "linux", target_vendor = "apple"))]
fn exchange_at_once(a: &Path, b: &Path) -> io::Result<bool> {
    use rustix::fs::{CWD, RenameFlags, renameat_with};
    use rustix::io::Errno;
    match renameat_with(CWD, a, CWD, b, RenameFlags::EXCHANGE) {
        Ok(()) => Ok(true),
        Err(Errno::INVAL | Errno::NOSYS | Errno::NOTSUP | Errno::XDEV) => Ok(false),
        Err(e) => Err(e.into()),
    }
}

#[cfg(not(any(target_os = "linux", target_vendor = "apple")))]
fn exchange_at_once(_a: &Path, _b: &Path) -> io::Result<bool> {
    Ok(false)
}

fn write_synced(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let written = File::create_new(path).and_then(|mut file| {
        file.write_all(bytes)?;
        file.sync_all()
    });
    if written
        .as_ref()
        .is_err_and(|e| e.kind() != io::ErrorKind::AlreadyExists)
    {
        // Half a stub on a full disk; the learner's text has not been touched yet.
        let _ = fs::remove_file(path);
    }
    written
}

/// The number of a kept file: the digits its name begins with.
fn number(path: &Path) -> Option<u32> {
    let name = path.file_name()?.to_str()?;
    name.split('.').next()?.parse().ok()
}

fn numbers(kept: &Path) -> io::Result<Vec<(u32, PathBuf)>> {
    let numbered = |file: PathBuf| Some((number(&file)?, file));
    Ok(files(kept)?.into_iter().filter_map(numbered).collect())
}

/// The files of a folder in the order of their names; none where there is no folder.
pub fn files(dir: &Path) -> io::Result<Vec<PathBuf>> {
    let mut found: Vec<PathBuf> = match fs::read_dir(dir) {
        Ok(entries) => entries.flatten().map(|entry| entry.path()).collect(),
        Err(e) if e.kind() == io::ErrorKind::NotFound => Vec::new(),
        Err(e) => return Err(e),
    };
    found.sort();
    Ok(found)
}

fn next_number(kept: &Path) -> io::Result<u32> {
    let newest = numbers(kept)?.into_iter().max();
    Ok(newest.map_or(1, |(number, _)| number + 1))
}

/// Whether the kept text in `path` waits for an undo: `0007.rs`, but not `0007.undone.rs`.
pub fn waits(path: &Path) -> bool {
    path.file_name()
        .and_then(|name| name.to_str())
        .is_some_and(|name| name.matches('.').count() == 1)
}

/// The kept text that no undo has used yet, with the highest number: `0007.rs`.
fn newest(kept: &Path) -> io::Result<Option<(u32, PathBuf)>> {
    let mut waiting = numbers(kept)?;
    waiting.retain(|(_, path)| waits(path));
    Ok(waiting.into_iter().max())
}
