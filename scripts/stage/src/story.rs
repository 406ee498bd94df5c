//! What a demo prints: titles, lines with the time of a scene, and what two processes saw in the order in
//! which it happened, the server further right.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use crate::lock;
use crate::signal::tell;

/// The columns by which the server's lines stand further right than the client's.
pub const RIGHT: usize = 34;

/// Microseconds of the system clock. Two processes of one machine read the same clock, so their times can
/// be compared.
pub fn now() -> u128 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |time| time.as_micros())
}

/// Prints `MICROS WORDS`, for the demo that has started this process and reads it with [`stamped`].
pub fn stamp(words: &str) {
    tell(&format!("{} {words}", now()));
}

/// Reads a line of [`stamp`]: its time in microseconds and its words. `None` for any other line.
pub fn stamped(line: &str) -> Option<(u128, &str)> {
    let (micros, words) = line.split_once(' ')?;
    Some((micros.parse().ok()?, words))
}

/// A line without a time: a remark about what stands above.
pub fn say(words: &str) {
    tell(&format!("   {words}"));
}

/// The clock of a demo. Its copies show the same time.
#[derive(Clone, Debug)]
pub struct Clock {
    since: Arc<Mutex<Instant>>,
    quiet: Arc<AtomicBool>,
    decimals: usize,
}

impl Clock {
    /// Starts at zero. Times are printed in milliseconds with so many decimals.
    pub fn start(decimals: usize) -> Self {
        Clock {
            since: Arc::new(Mutex::new(Instant::now())),
            quiet: Arc::default(),
            decimals,
        }
    }

    /// Prints the title of a new scene, whose time begins at zero.
    pub fn scene(&self, title: &str) {
        tell(&format!("\n{title}"));
        self.restart();
    }

    /// Time begins at zero again.
    pub fn restart(&self) {
        *lock(&self.since) = Instant::now();
    }

    /// Returns the time since the scene began.
    pub fn elapsed(&self) -> Duration {
        lock(&self.since).elapsed()
    }

    /// With true, nothing is printed until it is false again: preparations between two scenes.
    pub fn quiet(&self, quiet: bool) {
        self.quiet.store(quiet, Ordering::SeqCst);
    }

    /// Prints a line with the time, so many columns further right.
    pub fn tell(&self, indent: usize, words: &str) {
        if self.quiet.load(Ordering::SeqCst) {
            return;
        }
        let (ms, decimals) = (self.elapsed().as_secs_f64() * 1000.0, self.decimals);
        // Without decimals: whole milliseconds that have passed.
        let (ms, width) = match decimals {
            0 => (ms.floor(), 6),
            _ => (ms, 8),
        };
        tell(&format!("  {ms:width$.decimals$}  {:indent$}{words}", ""));
    }
}

/// The events of both sides of a wire, until they are printed in the order in which they happened. It can
/// be a `static`, for observers that are plain functions.
#[derive(Debug, Default)]
pub struct Scene(Mutex<Vec<Seen>>);

/// One thing that one side saw.
#[derive(Clone, Debug)]
pub struct Seen {
    /// When, in microseconds of [`now`].
    pub micros: u128,
    /// Columns further right: 0 for this process, [`RIGHT`] for the server.
    pub indent: usize,
    /// What happened.
    pub words: String,
}

impl Scene {
    /// A scene in which nothing has happened yet.
    pub const fn new() -> Self {
        Scene(Mutex::new(Vec::new()))
    }

    /// This process, the client, does or sees something now.
    pub fn note(&self, words: impl Into<String>) {
        self.add(now(), 0, words);
    }

    /// The server saw something, at this time.
    pub fn by_server(&self, micros: u128, words: impl Into<String>) {
        self.add(micros, RIGHT, words);
    }

    fn add(&self, micros: u128, indent: usize, words: impl Into<String>) {
        let words = words.into();
        lock(&self.0).push(Seen {
            micros,
            indent,
            words,
        });
    }

    /// Drops the events so far: they are not part of the next scene.
    pub fn forget(&self) {
        lock(&self.0).clear();
    }

    /// Takes out what was seen at or after `since`, the earliest first, and forgets the rest.
    pub fn take(&self, since: u128) -> Vec<Seen> {
        let mut seen = std::mem::take(&mut *lock(&self.0));
        seen.retain(|seen| seen.micros >= since);
        seen.sort_by_key(|seen| seen.micros);
        seen
    }

    /// Prints what was seen at or after `since`, with milliseconds since then and so many decimals, and
    /// forgets all of it.
    pub fn print(&self, since: u128, decimals: usize) {
        for Seen {
            micros,
            indent,
            words,
        } in self.take(since)
        {
            let ms = (micros - since) as f64 / 1000.0;
            tell(&format!("  {ms:8.decimals$}  {:indent$}{words}", ""));
        }
    }
}
