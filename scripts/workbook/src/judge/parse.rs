//! Reads what libtest and the panic handler print, and finds the one thing worth telling.

/// A panic, as `thread '...' panicked at FILE:LINE:COL:` and the lines after it tell it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Panic {
    /// Name of the thread; libtest gives it the name of the test.
    pub thread: String,
    /// `lessons/.../check.rs`.
    pub file: String,
    /// Line in that file.
    pub line: u32,
    /// The message, without the hint about backtraces.
    pub message: String,
}

/// What a run of a check printed, taken apart.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// Tests that ended, in order, and whether they said ok.
    pub results: Vec<(String, bool)>,
    /// The test that had started and not ended.
    pub running: Option<String>,
    /// The counts of the summary line: passed and failed.
    pub summary: Option<(usize, usize)>,
    /// What each failed test printed, by name.
    pub failures: Vec<(String, String)>,
}

impl Report {
    /// Takes the standard output of a test program (run with `--test-threads=1`) apart.
    pub fn parse(out: &str) -> Self {
        let mut report = Self::default();
        let mut section: Option<(String, String)> = None;
        for line in out.lines() {
            if let Some(name) = line
                .strip_prefix("---- ")
                .and_then(|l| l.strip_suffix(" stdout ----"))
            {
                report.failures.extend(section.take());
                section = Some((name.to_owned(), String::new()));
            } else if let Some(counts) = line.strip_prefix("test result: ") {
                report.failures.extend(section.take());
                report.summary = summary(counts);
            } else if line == "failures:" {
                report.failures.extend(section.take());
            } else if let Some((_, text)) = &mut section {
                text.push_str(line);
                text.push('\n');
            } else if let Some(rest) = line.strip_prefix("test ") {
                report.test_line(rest);
            } else if let Some(name) = report.running.take() {
                // Something printed straight to the output in the middle of the line.
                match line.trim() {
                    end if end.ends_with("ok") => report.results.push((name, true)),
                    end if end.ends_with("FAILED") => report.results.push((name, false)),
                    _ => report.running = Some(name),
                }
            }
        }
        report
    }

    fn test_line(&mut self, rest: &str) {
        let Some((name, end)) = rest.split_once(" ... ") else {
            return;
        };
        let name = name.trim_end_matches(" - should panic").to_owned();
        match end.trim() {
            end if end.ends_with("ok") => self.results.push((name, true)),
            end if end.ends_with("FAILED") => self.results.push((name, false)),
            end if end.ends_with("ignored") => {}
            _ => self.running = Some(name),
        }
    }

    /// Whether the test `name` ran and said ok.
    pub fn ok(&self, name: &str) -> bool {
        self.results.iter().any(|(ran, ok)| ran == name && *ok)
    }

    /// Of the tests that failed, the one that stands first in `order`, with what it printed. A check has its plainest
    /// case first; the harness runs them by their names.
    pub fn first_failure(&self, order: &[String]) -> Option<(&str, &str)> {
        let failed = self.results.iter().filter(|(_, ok)| !ok);
        let place = |name: &String| order.iter().position(|known| known == name);
        let (name, _) = failed.min_by_key(|(name, _)| place(name).unwrap_or(usize::MAX))?;
        let text = self.failures.iter().find(|(failed, _)| failed == name);
        Some((name, text.map_or("", |(_, text)| text)))
    }
}

/// The counts in `ok. 3 passed; 0 failed; ...`.
fn summary(line: &str) -> Option<(usize, usize)> {
    let count = |word: &str| {
        let before = line.split(word).next()?;
        before.split_whitespace().last()?.parse().ok()
    };
    Some((count(" passed")?, count(" failed")?))
}

/// All panics that `text` tells of, in order.
pub fn panics(text: &str) -> Vec<Panic> {
    let mut found: Vec<Panic> = Vec::new();
    let mut open = false;
    for line in text.lines() {
        if let Some(panic) = panic_head(line) {
            found.push(panic);
            open = true;
        } else if line.starts_with("note: run with `RUST_BACKTRACE")
            || line.starts_with("stack backtrace:")
        {
            open = false;
        } else if open && let Some(panic) = found.last_mut() {
            panic.message.push_str(line);
            panic.message.push('\n');
        }
    }
    for panic in &mut found {
        panic.message = panic.message.trim_end().to_owned();
    }
    found
}

/// `thread 'frames' (4711) panicked at lessons/01-tcp/exercises/frames/check.rs:41:5:`
fn panic_head(line: &str) -> Option<Panic> {
    let rest = line.strip_prefix("thread '")?;
    let (thread, rest) = rest.split_once('\'')?;
    let (_, place) = rest.split_once("panicked at ")?;
    let mut parts = place.trim_end_matches(':').rsplitn(3, ':');
    let _column = parts.next()?;
    let line = parts.next()?.parse().ok()?;
    let file = parts.next()?.replace('\\', "/");
    Some(Panic {
        thread: thread.to_owned(),
        file,
        line,
        message: String::new(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const FAILED: &str = "
running 2 tests
test one ... ok
test two ... FAILED

failures:

---- two stdout ----

thread 'spawned' (8) panicked at lessons/01-tcp/exercises/frames/exercise.rs:7:9:
boom

thread 'two' (7) panicked at lessons/01-tcp/exercises/frames/check.rs:41:5:
A frame that arrives in two pieces
  expected     \"hello\"
→ Read on.
note: run with `RUST_BACKTRACE=1` environment variable to display a backtrace


failures:
    two

test result: FAILED. 1 passed; 1 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.00s
";

    #[test]
    fn a_failed_run_is_taken_apart() {
        let report = Report::parse(FAILED);
        assert_eq!(
            report.results,
            [("one".into(), true), ("two".into(), false)]
        );
        assert_eq!(report.summary, Some((1, 1)));
        let (name, text) = report.first_failure(&[]).unwrap();
        assert_eq!(name, "two");
        let panics = panics(text);
        assert_eq!(panics.len(), 2);
        assert_eq!(panics[0].message, "boom");
        assert_eq!((panics[1].thread.as_str(), panics[1].line), ("two", 41));
        assert!(
            panics[1].message.starts_with("A frame") && panics[1].message.ends_with("→ Read on.")
        );
    }

    #[test]
    fn the_first_failure_is_the_one_that_the_check_has_first() {
        let report = Report::parse("test a ... FAILED\ntest b ... FAILED\n");
        let first = |order: &[&str]| {
            let order: Vec<String> = order.iter().map(ToString::to_string).collect();
            report
                .first_failure(&order)
                .map(|(name, _)| name.to_owned())
        };
        assert_eq!(first(&["c", "b", "a"]).as_deref(), Some("b"));
        assert_eq!(first(&[]).as_deref(), Some("a"));
    }

    #[test]
    fn a_run_that_never_ends_names_the_test_that_was_running() {
        let report = Report::parse("running 2 tests\ntest one ... ok\ntest two ... ");
        assert_eq!(report.running.as_deref(), Some("two"));
        assert_eq!(report.summary, None);
    }

    #[test]
    fn output_in_the_middle_of_a_line_does_not_hide_the_result() {
        let report =
            Report::parse("test one ... hello\nworld\nok\ntest result: ok. 1 passed; 0 failed;");
        assert!(report.ok("one"));
        assert_eq!(report.summary, Some((1, 0)));
    }

    #[test]
    fn a_windows_path_keeps_its_drive() {
        let panics = panics("thread 'a' panicked at C:\\x\\check.rs:3:1:\nm");
        assert_eq!(
            (panics[0].file.as_str(), panics[0].line),
            ("C:/x/check.rs", 3)
        );
    }
}
