//! The attempt log: JSON lines, only ever appended to, each synced to disk.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};

use crate::verdict::Status;

/// Version of the lines that this runner writes.
const VERSION: u32 = 1;

/// What happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// An answer was checked.
    Attempt,
    /// A hint was shown.
    Hint,
    /// The solution was shown before a pass.
    Reveal,
    /// The stub was put back.
    Reset,
    /// A kept text was brought back.
    Undo,
}

/// One line.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Event {
    v: u32,
    /// What happened.
    pub kind: Kind,
    /// When, in seconds since 1970-01-01 UTC.
    pub at: u64,
    /// The exercise.
    pub id: String,
    /// How the attempt ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<Status>,
    /// How long the run took.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seconds: Option<f64>,
    /// The test that failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub check: Option<String>,
    /// Slug of the belief that the failure showed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub belief: Option<String>,
    /// How many hints had been shown.
    #[serde(default)]
    pub hints: usize,
    /// Whether the solution had been shown before a pass.
    #[serde(default)]
    pub revealed: bool,
    /// SHA-256 of the answer, hex.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hash: Option<String>,
}

impl Event {
    /// An event of this moment.
    #[must_use]
    pub fn now(kind: Kind, id: &str) -> Self {
        let at = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .map_or(0, |since| since.as_secs());
        Self {
            v: VERSION,
            kind,
            at,
            id: id.to_owned(),
            status: None,
            seconds: None,
            check: None,
            belief: None,
            hints: 0,
            revealed: false,
            hash: None,
        }
    }
}

/// A line that was skipped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Damage {
    /// Its number, from 1.
    pub line: usize,
    /// Why it could not be used.
    pub why: String,
}

/// Appends one event. The caller holds the lock.
///
/// # Errors
/// What the system says; the file then ends where it ended before.
pub fn append(path: &Path, event: &Event) -> io::Result<()> {
    let mut line = serde_json::to_vec(event)?;
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

/// Reads all events; a line that cannot be read is skipped and reported.
#[must_use]
pub fn read(path: &Path) -> (Vec<Event>, Vec<Damage>) {
    let Ok(bytes) = fs::read(path) else {
        return (Vec::new(), Vec::new());
    };
    let mut events = Vec::new();
    let mut damage = Vec::new();
    for (line, number) in bytes.split(|b| *b == b'\n').zip(1..) {
        if line.iter().all(u8::is_ascii_whitespace) {
            continue;
        }
        match serde_json::from_slice::<Event>(line) {
            Ok(event) if event.v <= VERSION => events.push(event),
            Ok(event) => damage.push(Damage {
                line: number,
                why: format!("written by a newer workbook (version {})", event.v),
            }),
            Err(e) => damage.push(Damage {
                line: number,
                why: e.to_string(),
            }),
        }
    }
    (events, damage)
}
