//! Makes sure that cargo compiles the answer that is there now.
//!
//! Cargo goes by the time of a file, not by its text. An answer that is moved into place with an
//! old time (`mv`, `cp -p`, a sync program, a restored backup) would count as compiled already,
//! and the verdict would be about the text before it.

use std::fs::File;
use std::path::Path;
use std::time::SystemTime;

use super::build::Place;
use crate::paths::target_dir;

/// The hash of the answer that was compiled last, kept beside cargo's own work.
pub struct Built {
    record: std::path::PathBuf,
}

impl Built {
    /// The record of exercise `id` in `place`.
    pub fn of(place: &Place, id: &str) -> Self {
        let target = place
            .target
            .clone()
            .unwrap_or_else(|| target_dir(&place.root));
        Self {
            record: target.join("workbook-built").join(id),
        }
    }

    /// Gives `answer` the time of now if its text, with this `hash`, is another than the one that
    /// was compiled last and its time hides that.
    pub fn look(&self, answer: &Path, hash: &str) {
        let time = |path: &Path| path.metadata().and_then(|data| data.modified()).ok();
        let hidden = time(answer) <= time(&self.record)
            && std::fs::read_to_string(&self.record).is_ok_and(|known| known != hash);
        if hidden {
            // In a read-only folder the text cannot have changed either.
            let _ = File::options()
                .write(true)
                .open(answer)
                .and_then(|file| file.set_modified(SystemTime::now()));
        }
    }

    /// Remembers what was compiled. If that cannot be written, cargo's own rule is left.
    pub fn remember(&self, hash: &str) {
        let unchanged = std::fs::read_to_string(&self.record).is_ok_and(|known| known == hash);
        if !unchanged && let Some(dir) = self.record.parent() {
            let _ = std::fs::create_dir_all(dir);
            let _ = std::fs::write(&self.record, hash);
        }
    }
}
