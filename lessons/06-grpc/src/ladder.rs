//! What a row of the ladder is measured with: times of many calls, and lines of code. Lesson 07 uses it
//! for its own row.

use std::time::Instant;

/// How this program was built; it makes the difference.
pub const PROFILE: &str = if cfg!(debug_assertions) {
    "debug build"
} else {
    "release build"
};

/// How long each of many calls took, in microseconds, the shortest first.
#[derive(Debug)]
pub struct Times(Vec<f64>);

impl Times {
    /// Makes so many calls, one at least. The first tenth of them is thrown away: caches are cold and
    /// the machine has other things to do.
    ///
    /// # Errors
    /// That of the first call that fails.
    pub async fn of(
        calls: usize,
        mut call: impl AsyncFnMut() -> anyhow::Result<()>,
    ) -> anyhow::Result<Self> {
        let mut times = Vec::with_capacity(calls + calls / 10);
        for _ in 0..calls + calls / 10 {
            let since = Instant::now();
            call().await?;
            times.push(since.elapsed().as_secs_f64() * 1e6);
        }
        let mut times = times.split_off(calls / 10);
        times.sort_by(f64::total_cmp);
        Ok(Times(times))
    }

    /// Prints one row, its words in so many columns, and returns its median in microseconds.
    pub fn row(&self, what: &str, columns: usize) -> f64 {
        let (median, most) = (self.0[self.0.len() / 2], self.0[self.0.len() * 99 / 100]);
        println!("{what:columns$}{median:>10.1}{most:>14.1}");
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
