//! Hears that an exercise was saved, whatever way the editor saves it.
//!
//! Some editors write into the file, some empty it first, some write another file and rename it
//! over ours, and some leave backups beside it. So an event is only a hint to look. What counts is
//! the text: it is read until it is whole, and compared with the text that was known before.
//!
//! Where no events arrive (some network and container file systems) the files are looked at ten
//! times a second. That this is needed is found out by a probe at the start, and by a slow look at
//! the current exercise which goes on for ever: a lost event never loses a save.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use notify::event::{AccessKind, AccessMode, EventKind, ModifyKind};
use notify::{RecommendedWatcher, RecursiveMode, Watcher};

use crate::course::Course;

/// What was heard.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Heard {
    /// The exercise has another text than before.
    Saved(String),
    /// `exercise.rs` of the current exercise is gone.
    Missing,
    /// No events arrive; from here on the files are looked at.
    Deaf,
}

/// After the first event of a save, how long its last one may take. Most systems say when a file
/// was closed, and then nothing is waited for.
const SETTLE: Duration = Duration::from_millis(10);
/// How long a file may be empty or away in the middle of a save before that is what was meant.
const MIDDLE: Duration = Duration::from_millis(250);
/// How often files are looked at where no events arrive.
const POLL: Duration = Duration::from_millis(100);
/// How often the current exercise is looked at although events arrive.
const SAFETY: Duration = Duration::from_secs(1);
/// How long the event of the probe, or of a save that was seen first, may take.
const PROBE: Duration = Duration::from_secs(1);

/// Makes the watcher of a debug build hear nothing: the tests' stand-in for a file system without events.
const DEAF: &str = "WORKBOOK_TEST_DEAF";

/// The two files whose change asks for a check.
const ANSWER: &str = "exercise.rs";
const CHECK: &str = "check.rs";

/// The texts of one exercise, `None` where the file cannot be read.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Texts {
    answer: Option<Vec<u8>>,
    check: Option<Vec<u8>>,
}

impl Texts {
    fn read(dir: &Path) -> Self {
        Self {
            answer: std::fs::read(dir.join(ANSWER)).ok(),
            check: std::fs::read(dir.join(CHECK)).ok(),
        }
    }

    /// Half-way through a save a file is often empty or not there.
    fn may_be_half(&self) -> bool {
        let half = |text: &Option<Vec<u8>>| text.as_ref().is_none_or(Vec::is_empty);
        half(&self.answer) || half(&self.check)
    }
}

/// One exercise, and what is known of its files.
struct Watched {
    id: String,
    dir: PathBuf,
    texts: Texts,
    /// Size and time of the answer, so that a look at all exercises is cheap.
    seen: Option<(u64, std::time::SystemTime)>,
}

impl Watched {
    /// Reads the files until they are whole. `Some` if a text is another one than before, and then whether the answer is
    /// (else it is the check).
    fn changed(&mut self, complete: bool) -> Option<bool> {
        let mut now = Texts::read(&self.dir);
        let started = Instant::now();
        while now != self.texts {
            let patience = if now.may_be_half() { MIDDLE } else { SETTLE };
            if started.elapsed() >= patience || (complete && !now.may_be_half()) {
                break;
            }
            std::thread::sleep(Duration::from_millis(4));
            let again = Texts::read(&self.dir);
            if again == now && !now.may_be_half() {
                break;
            }
            now = again;
        }
        let before = std::mem::replace(&mut self.texts, now);
        (before != self.texts).then(|| before.answer != self.texts.answer)
    }

    /// Whether size or time of the answer differ from the last look.
    fn looks_different(&mut self) -> bool {
        let now = std::fs::metadata(self.dir.join(ANSWER))
            .and_then(|data| Ok((data.len(), data.modified()?)))
            .ok();
        std::mem::replace(&mut self.seen, now) != now
    }
}

/// One event: where, and whether the file is complete.
struct Raw {
    path: PathBuf,
    complete: bool,
}

struct Files<T> {
    exercises: Vec<Watched>,
    current: Arc<Mutex<String>>,
    watcher: Option<RecommendedWatcher>,
    raw: Receiver<Raw>,
    probe: Option<(PathBuf, Instant)>,
    tell: T,
}

/// Sends what is heard until `tell` says that nobody listens. When this returns, every later save
/// is heard. `current` names the exercise that matters most.
pub fn listen(
    course: &Course,
    current: Arc<Mutex<String>>,
    poll: bool,
    tell: impl Fn(Heard) -> bool + Send + 'static,
) {
    let (sender, raw) = channel();
    // Some systems report paths without links in them; then ours must have none either.
    let root = course.root.canonicalize().unwrap_or(course.root.clone());
    let watcher = if poll {
        None
    } else {
        watcher(&root.join("lessons"), sender).ok()
    };
    let exercises = course.exercises().map(|exercise| {
        let dir = root.join(&exercise.dir);
        Watched {
            id: exercise.id.clone(),
            texts: Texts::read(&dir),
            dir,
            seen: None,
        }
    });
    let mut files = Files {
        // Read after the watcher listens: what changes from here on is heard.
        exercises: exercises.collect(),
        current,
        watcher,
        raw,
        probe: None,
        tell,
    };
    files.send_probe(&root);
    std::thread::spawn(move || {
        if files.watcher.is_none() && !poll && !(files.tell)(Heard::Deaf) {
            return;
        }
        files.run();
    });
}

/// A watcher of `lessons`, its folders and those that come later.
fn watcher(
    lessons: &Path,
    sender: std::sync::mpsc::Sender<Raw>,
) -> notify::Result<RecommendedWatcher> {
    let deaf = cfg!(debug_assertions) && std::env::var_os(DEAF).is_some();
    let mut watcher = notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
        let Ok(event) = event else { return };
        let complete = match event.kind {
            EventKind::Access(AccessKind::Close(AccessMode::Write))
            | EventKind::Modify(ModifyKind::Name(_)) => true,
            // Reading the files makes events too; without this we would hear ourselves for ever.
            EventKind::Access(_) => return,
            _ => false,
        };
        for path in event.paths {
            // When the other side has gone, nobody needs the event.
            let _ = (!deaf).then(|| sender.send(Raw { path, complete }));
        }
    })?;
    watcher.watch(lessons, RecursiveMode::Recursive)?;
    Ok(watcher)
}

impl<T: Fn(Heard) -> bool> Files<T> {
    fn run(mut self) {
        let mut next_look = Instant::now() + self.pause();
        loop {
            let wait = next_look.saturating_duration_since(Instant::now());
            let go_on = match self.raw.recv_timeout(wait) {
                Ok(first) => self.heard(first),
                Err(RecvTimeoutError::Timeout) => {
                    let go_on = self.look_round();
                    next_look = Instant::now() + self.pause();
                    go_on
                }
                // The watcher is gone: only looking is left.
                Err(RecvTimeoutError::Disconnected) => {
                    std::thread::sleep(wait);
                    self.watcher = None;
                    self.look_round()
                }
            };
            if !go_on {
                return;
            }
            if self.watcher.is_none() && next_look < Instant::now() {
                next_look = Instant::now() + POLL;
            }
        }
    }

    fn pause(&self) -> Duration {
        if self.watcher.is_some() { SAFETY } else { POLL }
    }

    /// One save is several events: gathers those that belong together, then looks.
    fn heard(&mut self, first: Raw) -> bool {
        let until = Instant::now() + SETTLE;
        let mut touched: HashMap<usize, bool> = HashMap::new();
        let mut next = Some(first);
        while let Some(raw) = next {
            if matches!(&self.probe, Some((path, _)) if *path == raw.path) {
                self.end_probe();
            }
            if let Some(exercise) = self.exercise_of(&raw.path) {
                *touched.entry(exercise).or_default() |= raw.complete;
            }
            if touched.values().all(|complete| *complete) {
                break;
            }
            let left = until.saturating_duration_since(Instant::now());
            next = self.raw.recv_timeout(left).ok();
        }
        let changed: Vec<(usize, bool)> = touched
            .into_iter()
            .filter_map(|(at, complete)| Some((at, self.exercises[at].changed(complete)?)))
            .collect();
        self.report(&changed)
    }

    /// Looks at files without having heard anything.
    fn look_round(&mut self) -> bool {
        if matches!(&self.probe, Some((_, sent)) if sent.elapsed() > PROBE) {
            self.end_probe();
            return self.go_deaf();
        }
        let current = self.current();
        let everywhere = self.watcher.is_none();
        let mut changed = Vec::new();
        for (at, exercise) in self.exercises.iter_mut().enumerate() {
            if (exercise.id == current || everywhere && exercise.looks_different())
                && let Some(answer) = exercise.changed(false)
            {
                changed.push((at, answer));
            }
        }
        if !self.report(&changed) {
            return false;
        }
        if everywhere || changed.is_empty() {
            return true;
        }
        // Seen before it was heard. Perhaps the event is only late.
        let until = Instant::now() + PROBE;
        while let Ok(raw) = self
            .raw
            .recv_timeout(until.saturating_duration_since(Instant::now()))
        {
            if self.exercise_of(&raw.path).is_some() {
                return self.heard(raw);
            }
        }
        self.go_deaf()
    }

    fn go_deaf(&mut self) -> bool {
        self.watcher = None;
        (self.tell)(Heard::Deaf)
    }

    /// Tells about the change that matters: the current exercise before any other, and of another
    /// only its answer. A `git pull` changes many files and must not lead away.
    fn report(&self, changed: &[(usize, bool)]) -> bool {
        let current = self.current();
        let exercise = |at: usize| &self.exercises[at];
        let mine = changed.iter().find(|(at, _)| exercise(*at).id == current);
        let other = changed.iter().find(|(_, answer)| *answer);
        let Some(Watched { id, texts, .. }) = mine.or(other).map(|(at, _)| exercise(*at)) else {
            return true;
        };
        match (texts.answer.is_none(), *id == current) {
            (true, true) => (self.tell)(Heard::Missing),
            (true, false) => true,
            (false, _) => (self.tell)(Heard::Saved(id.clone())),
        }
    }

    fn exercise_of(&self, path: &Path) -> Option<usize> {
        let name = path.file_name()?;
        if name != ANSWER && name != CHECK {
            return None;
        }
        let dir = path.parent()?;
        self.exercises
            .iter()
            .position(|exercise| exercise.dir == dir)
    }

    fn current(&self) -> String {
        let current = self.current.lock();
        current.unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Writes a file whose event must come back. In a folder that cannot be written there is
    /// nothing to send; the slow look is enough there.
    fn send_probe(&mut self, root: &Path) {
        let dir = root.join(".workbook");
        let path = dir.join(format!("probe-{}", std::process::id()));
        let Some(watcher) = &mut self.watcher else {
            return;
        };
        let sent = std::fs::create_dir_all(&dir).is_ok()
            && watcher.watch(&dir, RecursiveMode::NonRecursive).is_ok()
            && std::fs::write(&path, "").is_ok();
        if sent {
            self.probe = Some((path, Instant::now()));
        }
    }

    fn end_probe(&mut self) {
        let Some((path, _)) = self.probe.take() else {
            return;
        };
        // A probe that stays is ugly and harmless.
        let _ = std::fs::remove_file(&path);
        if let (Some(watcher), Some(dir)) = (&mut self.watcher, path.parent()) {
            let _ = watcher.unwatch(dir);
        }
    }
}
