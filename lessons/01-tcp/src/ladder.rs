//! What a row of the ladder is measured with: times of many calls, and lines of code. Lessons 02 and 04
//! use it for their own rows.

use std::time::Duration;

/// Prints what is measured, and the head of the rows that [`Times::row`] prints.
pub fn head(name: &str, calls: usize) {
    let profile = if cfg!(debug_assertions) {
        "debug build"
    } else {
        "release build"
    };
    println!("The greeting call for `{name}`, {calls} times each, {profile}, this machine.\n");
    println!("{:38}{:>10}{:>14}", "", "median µs", "99 of 100 µs");
}

/// How long each of so many calls took. The first tenth of them is thrown away: caches are cold
/// and the machine has other things to do.
#[derive(Debug)]
pub struct Times {
    count: usize,
    micros: Vec<f64>,
}

impl Times {
    /// Room for so many calls; at least one.
    #[must_use]
    pub fn new(count: usize) -> Self {
        Times {
            count,
            micros: Vec::with_capacity(count + count / 10),
        }
    }

    /// Whether one more call is to be made.
    #[must_use]
    pub fn more(&self) -> bool {
        self.micros.len() < self.count + self.count / 10
    }

    /// One more call took so long.
    pub fn add(&mut self, took: Duration) {
        self.micros.push(took.as_secs_f64() * 1e6);
    }

    /// Prints one row, and returns its median in microseconds.
    pub fn row(mut self, what: &str) -> f64 {
        let mut micros = self.micros.split_off(self.count / 10);
        micros.sort_by(f64::total_cmp);
        let (median, most) = (micros[micros.len() / 2], micros[micros.len() * 99 / 100]);
        println!("{what:38}{median:>10.1}{most:>14.1}");
        median
    }
}

/// Counts what a reader has to understand: no comments, no blank lines, no unit tests.
#[must_use]
pub fn lines_of_code(source: &str) -> usize {
    let code = source.split("#[cfg(test)]").next().unwrap_or(source);
    code.lines()
        .map(str::trim)
        .filter(|line| !line.is_empty() && !line.starts_with("//"))
        .count()
}
