//! The text of a failed check. One shape for all of them, so that a learner knows where to look:
//! the situation, then what was expected and what came, then what to think about.

use std::fmt;

/// Advice is wrapped here. The runner indents the text by two more columns.
const WIDTH: usize = 86;

/// What stands above the steps of a failure that another order of events hides. The runner knows these words.
const BY_LUCK: &str = "Passed by luck: in the usual order all is well. In this order it fails:";

/// The text of a failed check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    situation: String,
    details: Vec<(String, String)>,
    steps: Vec<String>,
    advice: String,
}

impl Report {
    /// Starts a report about one situation.
    pub fn new(situation: impl Into<String>) -> Self {
        Report {
            situation: situation.into(),
            details: Vec::new(),
            steps: Vec::new(),
            advice: String::new(),
        }
    }

    /// Adds one line below the situation. Labels are padded to a common column.
    pub fn detail(mut self, label: impl Into<String>, value: impl Into<String>) -> Self {
        self.details.push((label.into(), value.into()));
        self
    }

    /// Adds what has happened, for a failure in an order of events that is not the usual one. The last step is the
    /// wrong one.
    pub(crate) fn steps(mut self, steps: Vec<String>) -> Self {
        self.steps = steps;
        self
    }

    /// Sets the advice: one or two sentences.
    pub fn advice(mut self, advice: impl Into<String>) -> Self {
        self.advice = advice.into();
        self
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.situation)?;
        let column = self
            .details
            .iter()
            .map(|(label, _)| label.chars().count())
            .max()
            .unwrap_or(0);
        for (label, value) in &self.details {
            write!(f, "\n  {label:column$}  ")?;
            // A value of several lines (a panic message) stays in its own column.
            for (number, line) in value.lines().enumerate() {
                if number > 0 {
                    write!(f, "\n  {:column$}  ", "")?;
                }
                write!(f, "{line}")?;
            }
        }
        if !self.steps.is_empty() {
            write!(f, "\n  {BY_LUCK}")?;
            let last = self.steps.len();
            for (step, number) in self.steps.iter().zip(1..) {
                let mark = if number == last { "✗" } else { " " };
                write!(f, "\n  {mark} {number}. {step}")?;
            }
        }
        if !self.advice.is_empty() {
            for (number, line) in wrap(&self.advice, WIDTH - 2).iter().enumerate() {
                write!(f, "\n{} {line}", if number == 0 { "→" } else { " " })?;
            }
        }
        Ok(())
    }
}

/// Breaks text at spaces. A word that is longer than a line stays whole: it may be a path.
fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    let mut line = String::new();
    for word in text.split_whitespace() {
        if !line.is_empty() && line.chars().count() + 1 + word.chars().count() > width {
            lines.push(std::mem::take(&mut line));
        }
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
    }
    lines.push(line);
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shape_is_the_one_the_runner_shows() {
        let report = Report::new("A frame that arrives in two pieces")
            .detail("expected", "\"hello\"")
            .detail("your answer", "\"hel\"")
            .advice(
                "One read returns what has arrived so far, not one message: keep reading until all \
                 `len` bytes are there.",
            );
        assert_eq!(
            report.to_string(),
            "A frame that arrives in two pieces\n\
             \x20 expected     \"hello\"\n\
             \x20 your answer  \"hel\"\n\
             → One read returns what has arrived so far, not one message: keep reading until all\n\
             \x20 `len` bytes are there."
        );
    }

    #[test]
    fn a_value_of_two_lines_keeps_its_column() {
        let report = Report::new("s").detail("with", "one\ntwo");
        assert_eq!(report.to_string(), "s\n  with  one\n        two");
    }

    #[test]
    fn a_long_word_stays_whole() {
        assert_eq!(wrap("a bbbbbbbbbb c", 5), ["a", "bbbbbbbbbb", "c"]);
    }
}
