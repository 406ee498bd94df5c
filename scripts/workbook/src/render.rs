//! Shows a verdict in a terminal, cut down to what a learner needs.

use crate::course::{Course, solution_why};
use crate::style::Style;
use crate::text::{harmless, without_colours};
use crate::verdict::{Status, Verdict};
use crate::words;

/// The verdict as lines of text. `keys` is the last line where there is a keyboard to press them on.
pub fn verdict(verdict: &Verdict, style: Style, keys: Option<&str>) -> String {
    let mut out = String::new();
    out.push_str(&headline(verdict, style));
    out.push('\n');
    if verdict.untouched {
        out.push_str(&style.wrap(words::UNTOUCHED, 2, 2));
        out.push('\n');
    }
    match verdict.status {
        Status::Passed => {}
        Status::CompileError => {
            out.push('\n');
            let text = &verdict.message;
            out.push_str(&if style.colour {
                text.clone()
            } else {
                without_colours(text)
            });
            out.push('\n');
        }
        Status::Failed | Status::TimedOut => {
            out.push_str(&message(&verdict.message, style));
            for line in places(verdict, style.width) {
                out.push_str(&format!("    {}\n", style.dim(&line)));
            }
        }
    }
    if let Some(keys) = keys {
        out.push_str(&format!("  {}\n", style.dim(keys)));
    }
    out
}

/// `✗ 1.3 frames   failed after 0.31 s`
pub fn headline(verdict: &Verdict, style: Style) -> String {
    let (mark, word) = match verdict.status {
        Status::Passed => words::PASSED,
        Status::Failed => words::FAILED,
        Status::CompileError => words::COMPILE_ERROR,
        Status::TimedOut => words::TIMED_OUT,
    };
    let mark = if style.plain {
        String::new()
    } else {
        format!("{mark} ")
    };
    if verdict.untouched {
        let (mark, word) = words::NOT_STARTED;
        let mark = if style.plain { "" } else { mark };
        let text = format!("{mark} {} {}   {word}", verdict.number, verdict.id);
        return style.bold(text.trim_start());
    }
    let time = match verdict.status {
        Status::CompileError => String::new(),
        Status::Passed => format!(" in {:.2} s", verdict.seconds),
        Status::Failed | Status::TimedOut => format!(" after {:.2} s", verdict.seconds),
    };
    let text = format!("{mark}{} {}   {word}{time}", verdict.number, verdict.id);
    style.bold(&if verdict.passed() {
        style.good(&text)
    } else {
        style.bad(&text)
    })
}

/// The situation, the details, and the advice wrapped under its arrow.
fn message(text: &str, style: Style) -> String {
    // Each line, and whether it is advice; the lines of one piece of advice are joined.
    let mut lines: Vec<(bool, String)> = Vec::new();
    for line in harmless(text).lines() {
        match (line.strip_prefix("→ "), lines.last_mut()) {
            (Some(advice), _) => lines.push((true, advice.to_owned())),
            (None, Some((true, advice))) if line.starts_with("  ") => {
                advice.push(' ');
                advice.push_str(line.trim());
            }
            _ => lines.push((false, line.to_owned())),
        }
    }
    let mark = if style.plain { words::ADVICE } else { "→" };
    let shown = lines.iter().map(|(advice, line)| match advice {
        true => style.wrap(&format!("{mark} {line}"), 2, 4) + "\n",
        false => format!("  {line}\n"),
    });
    shown.collect()
}

/// `lessons/01-tcp/exercises/frames/check.rs:41  pieces_are_joined`, in a narrow window on two lines.
fn places(verdict: &Verdict, width: usize) -> Vec<String> {
    let parts = [verdict.location.clone(), verdict.check.clone()];
    let parts: Vec<String> = parts.into_iter().flatten().collect();
    let line = parts.join("  ");
    if line.is_empty() || line.len() + 4 > width {
        parts
    } else {
        vec![line]
    }
}

/// Why the solution is as it is: shown after a pass.
pub fn why(course: &Course, verdict: &Verdict) -> Option<String> {
    let exercise = course.exercise(&verdict.id).ok()?;
    let solution = std::fs::read_to_string(course.path(&exercise.solution())).ok()?;
    Some(solution_why(&solution)).filter(|why| !why.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failed() -> Verdict {
        Verdict {
            id: "frames".into(),
            lesson: "01-tcp".into(),
            number: "1.3".into(),
            status: Status::Failed,
            seconds: 0.312,
            check: Some("pieces_are_joined".into()),
            belief: None,
            message: "A frame that arrives in two pieces\n  expected     \"hello\"\n  your answer  \
                      \"hel\"\n→ One read returns what has arrived so far, not one message: keep\n  \
                      reading until all `len` bytes are there."
                .into(),
            location: Some("lessons/01-tcp/exercises/frames/check.rs:41".into()),
            untouched: false,
            full: String::new(),
            answer: Vec::new(),
        }
    }

    #[test]
    fn a_failure_reads_as_the_design_says() {
        let expected = "\
✗ 1.3 frames   failed after 0.31 s
  A frame that arrives in two pieces
    expected     \"hello\"
    your answer  \"hel\"
  → One read returns what has arrived so far, not one message: keep reading
    until all `len` bytes are there.
    lessons/01-tcp/exercises/frames/check.rs:41  pieces_are_joined
  h hint   q quit
";
        assert_eq!(
            verdict(&failed(), Style::bare(), Some("h hint   q quit")),
            expected
        );
    }

    #[test]
    fn the_text_that_one_begins_with_has_not_failed() {
        let mut stub = failed();
        stub.untouched = true;
        let text = verdict(&stub, Style::bare(), None);
        assert!(
            text.starts_with("· 1.3 frames   not started\n  This is the text"),
            "{text}"
        );
        assert!(!text.contains("failed") && text.contains("in two pieces"));
    }

    #[test]
    fn plain_output_has_words_for_marks() {
        let style = Style {
            plain: true,
            ..Style::bare()
        };
        let text = verdict(&failed(), style, None);
        assert!(text.starts_with("1.3 frames   failed"), "{text}");
        assert!(
            text.contains("Advice: One read") && !text.contains('→'),
            "{text}"
        );
    }

    #[test]
    fn a_learners_output_cannot_drive_the_terminal() {
        let mut bad = failed();
        bad.message = "it said \u{1b}[2J".into();
        assert!(!verdict(&bad, Style::bare(), None).contains('\u{1b}'));
    }
}
