//! Builds the book anew when a source of it changes, and notices when the record does.
//!
//! It looks twice a second at sizes and times instead of asking the system for events: a hundred
//! files are looked at in a millisecond, and it works on every file system, also on those that send
//! no events (shared folders, some containers).

use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use super::build;

const PAUSE: Duration = Duration::from_millis(400);
/// A save is often several writes: the build waits until this long nothing changed.
const CALM: Duration = Duration::from_millis(100);

/// What happened.
#[derive(Debug)]
pub enum Change {
    /// There is a new book.
    Built,
    /// A source changed, and the book cannot be built from it: the reason.
    Broken(String),
    /// `.workbook/` has a new entry: perhaps from a command in another terminal.
    Record,
}

/// Starts to look, in a thread of its own, for as long as the process lives. `seen` is the
/// fingerprint that the present book was built from.
pub fn spawn(root: PathBuf, seen: String, mut on: impl FnMut(Change) + Send + 'static) {
    std::thread::spawn(move || {
        let mut seen = seen;
        let record = root.join(".workbook").join("attempts.jsonl");
        let mut recorded = length_and_time(&record);
        loop {
            std::thread::sleep(PAUSE);
            let now = length_and_time(&record);
            if now != recorded {
                recorded = now;
                on(Change::Record);
            }
            let mut now = build::fingerprint(&root);
            if now == seen {
                continue;
            }
            loop {
                std::thread::sleep(CALM);
                let later = build::fingerprint(&root);
                if later == now {
                    break;
                }
                now = later;
            }
            seen = now;
            on(match build::ensure(&root, || ()) {
                Ok(_) => Change::Built,
                Err(e) => Change::Broken(format!("{e:#}")),
            });
        }
    });
}

fn length_and_time(path: &std::path::Path) -> Option<(u64, Option<SystemTime>)> {
    let data = std::fs::metadata(path).ok()?;
    Some((data.len(), data.modified().ok()))
}
