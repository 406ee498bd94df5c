//! The attempt log: JSON lines, only ever appended to, each synced to disk.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};

use super::State;
use crate::verdict::{Status, Verdict};

/// Version of the lines that this runner writes.
const VERSION: u32 = 1;

/// What happened to an exercise. The word of the variant is the `kind` of its line.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Event {
    /// An answer was checked.
    Attempt(Attempt),
    /// Hints were shown.
    Hint {
        /// How many by now.
        hints: usize,
    },
    /// The solution was shown before a pass.
    Reveal {
        /// How many hints had been shown.
        hints: usize,
    },
    /// The stub was put back.
    Reset,
    /// A kept text was brought back.
    Undo,
}

/// An answer that was checked.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Attempt {
    /// How it ended.
    pub status: Status,
    /// How long the run took, in seconds.
    pub seconds: f64,
    /// The test that failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub check: Option<String>,
    /// Slug of the belief that the failure showed; none for a mistake that is not known ("other" in reports).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub belief: Option<String>,
    /// What the check said of a mistake that is not known: [`crate::verdict::Verdict::seen`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seen: Option<String>,
    /// How many hints had been shown.
    #[serde(default)]
    pub hints: usize,
    /// Whether the solution had been shown before a pass.
    #[serde(default)]
    pub revealed: bool,
    /// SHA-256 of the answer, hex.
    pub hash: String,
}

/// One line: an event, when, and of which exercise.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Line {
    v: u32,
    /// In seconds since 1970-01-01 UTC.
    pub at: u64,
    /// The exercise.
    pub id: String,
    /// What happened.
    #[serde(flatten)]
    pub event: Event,
}

impl Attempt {
    /// The attempt that ended with `verdict`; `state` is the exercise's before it, `hash` names the answer.
    pub fn of(verdict: &Verdict, state: State, hash: String) -> Self {
        Self {
            status: verdict.status,
            seconds: (verdict.seconds * 1000.0).round() / 1000.0,
            check: verdict.check.clone(),
            belief: verdict.belief.clone(),
            seen: verdict.seen(),
            hints: state.hints,
            revealed: state.revealed,
            hash,
        }
    }
}

impl Line {
    /// An event of this moment.
    pub fn now(id: &str, event: Event) -> Self {
        Self {
            v: VERSION,
            at: now(),
            id: id.to_owned(),
            event,
        }
    }
}

/// This moment, in seconds since 1970-01-01 UTC.
pub fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| since.as_secs())
}

/// What every line has, whatever its version.
#[derive(Deserialize)]
struct Versioned {
    v: u32,
}

/// A line that was skipped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Damage {
    /// Its number, from 1.
    pub line: usize,
    /// Why it could not be used.
    pub why: String,
}

/// Appends one line. The caller holds the lock.
///
/// # Errors
/// What the system says; the file then ends where it ended before.
pub fn append(path: &Path, line: &Line) -> io::Result<()> {
    let mut line = serde_json::to_vec(line)?;
    line.push(b'\n');
    let mut file = OpenOptions::new()
        .read(true)
        .append(true)
        .create(true)
        .open(path)?;
    let end = file.metadata()?.len();
    if !ends_a_line(&mut file, end)? {
        // A runner was killed in the middle of a line: that line stays as it is, ours starts anew.
        line.insert(0, b'\n');
    }
    let written = file.write_all(&line).and_then(|()| file.sync_all());
    if written.is_err() {
        // Half a line of our own is taken back; a full disk must not leave damage behind.
        let _ = file.set_len(end);
    }
    written
}

fn ends_a_line(file: &mut File, end: u64) -> io::Result<bool> {
    if end == 0 {
        return Ok(true);
    }
    let mut last = [0];
    file.seek(SeekFrom::Start(end - 1))?;
    file.read_exact(&mut last)?;
    Ok(last[0] == b'\n')
}

/// Reads all lines; one that cannot be read is skipped and reported.
pub fn read(path: &Path) -> (Vec<Line>, Vec<Damage>) {
    let Ok(bytes) = fs::read(path) else {
        return (Vec::new(), Vec::new());
    };
    let mut lines = Vec::new();
    let mut damage = Vec::new();
    for (line, number) in bytes.split(|b| *b == b'\n').zip(1..) {
        if line.iter().all(u8::is_ascii_whitespace) {
            continue;
        }
        match read_line(line) {
            Ok(line) => lines.push(line),
            Err(why) => damage.push(Damage { line: number, why }),
        }
    }
    (lines, damage)
}

/// Reads one line.
pub fn read_line(line: &[u8]) -> Result<Line, String> {
    // The version first: what else a newer line holds is not known here.
    let Versioned { v } = serde_json::from_slice(line).map_err(|e| e.to_string())?;
    if v > VERSION {
        return Err(format!("written by a newer workbook (version {v})"));
    }
    serde_json::from_slice(line).map_err(|e| e.to_string())
}
