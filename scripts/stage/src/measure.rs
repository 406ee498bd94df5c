//! One row of the ladder: how long many calls took, and how many lines of code a reader has to understand.

use std::fmt::Display;
use std::time::{Duration, Instant};

/// The profile with which this program was built; it makes the difference.
pub const PROFILE: &str = if cfg!(debug_assertions) {
    "debug build"
} else {
    "release build"
};

/// The durations of many calls in microseconds, the shortest first.
#[derive(Clone, Debug)]
pub struct Times(Vec<f64>);

impl Times {
    /// Makes so many asynchronous calls one after the other, one at least. A tenth more of them goes
    /// first and is thrown away: caches are cold and the machine has other things to do.
    ///
    /// # Errors
    /// That of the first call that fails.
    pub async fn of(
        calls: usize,
        mut call: impl AsyncFnMut() -> anyhow::Result<()>,
    ) -> anyhow::Result<Self> {
        let mut times = Vec::with_capacity(calls + calls / 10);
        for _ in 0..calls.max(1) + calls / 10 {
            let since = Instant::now();
            call().await?;
            times.push(since.elapsed());
        }
        Ok(Times::from(times.split_off(calls / 10)))
    }

    /// [`Times::of`] for calls that block.
    ///
    /// # Errors
    /// That of the first call that fails.
    pub fn blocking(
        calls: usize,
        mut call: impl FnMut() -> anyhow::Result<()>,
    ) -> anyhow::Result<Self> {
        let mut times = Vec::with_capacity(calls + calls / 10);
        for _ in 0..calls.max(1) + calls / 10 {
            let since = Instant::now();
            call()?;
            times.push(since.elapsed());
        }
        Ok(Times::from(times.split_off(calls / 10)))
    }

    /// Returns the percentile in microseconds: so many of a hundred calls took this long or less; 50 is
    /// the median, 100 the slowest. 0 if there are none.
    pub fn within(&self, percent: usize) -> f64 {
        let place = self.0.len() * percent / 100;
        let place = place.min(self.0.len().saturating_sub(1));
        self.0.get(place).copied().unwrap_or(0.0)
    }

    /// The median in microseconds.
    pub fn median(&self) -> f64 {
        self.within(50)
    }

    /// One row: its words in so many columns, the median, and the time of 99 of 100.
    pub fn text(&self, what: &str, columns: usize) -> String {
        let (median, most) = (self.median(), self.within(99));
        format!("{what:columns$}{median:>10.1}{most:>14.1}")
    }

    /// Prints [`Times::text`], and returns the median in microseconds.
    pub fn row(&self, what: &str, columns: usize) -> f64 {
        println!("{}", self.text(what, columns));
        self.median()
    }
}

/// Times that were taken elsewhere.
impl From<Vec<Duration>> for Times {
    fn from(times: Vec<Duration>) -> Self {
        let micros = times.into_iter().map(|time| time.as_secs_f64() * 1e6);
        let mut micros: Vec<f64> = micros.collect();
        micros.sort_by(f64::total_cmp);
        Times(micros)
    }
}

/// Prints the head of the rows that [`Times::row`] prints, over so many columns of words.
pub fn head(columns: usize) {
    println!("{:columns$}{:>10}{:>14}", "", "median µs", "99 of 100 µs");
}

/// The files whose lines of code [`code`] counts, by their names below `../src/`.
#[macro_export]
macro_rules! sources {
    ($($file:literal),+ $(,)?) => {
        [$(($file, include_str!(concat!("../src/", $file)))),+]
    };
}

/// Prints the lines of code of these files, and the lesson's row of the ladder.
pub fn ladder(lesson: &str, bytes: u64, micros: f64, sources: &[(&str, &str)]) {
    ladder_row(lesson, bytes, micros, code(sources, &[]));
}

/// Prints the lines of code of these files. Returns their sum without those of `others`, which a call does not
/// need.
pub fn code(sources: &[(&str, &str)], others: &[&str]) -> usize {
    println!("\nLines of code, without comments, blank lines and unit tests:");
    let mut code = 0;
    for (file, source) in sources {
        let lines = lines_of_code(source);
        println!("{lines:>6}  {file}");
        if !others.contains(file) {
            code += lines;
        }
    }
    code
}

/// Prints the lesson's row of the ladder. `code` are its lines of code, in words where it needs those of another
/// lesson as well.
pub fn ladder_row(lesson: &str, bytes: u64, micros: f64, code: impl Display) {
    println!("\nYour row of the ladder:");
    println!("\n| lesson | bytes | µs | lines of code |\n|---|---|---|---|");
    println!("| {lesson} | {bytes} | {micros:.0} | {code} |");
}

/// Counts the lines that a reader has to understand: no comments, no blank lines, no unit tests.
pub fn lines_of_code(source: &str) -> usize {
    let code = source.split("#[cfg(test)]").next().unwrap_or(source);
    code.lines()
        .map(str::trim)
        .filter(|line| !line.is_empty() && !line.starts_with("//"))
        .count()
}
