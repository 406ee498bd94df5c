//! Reads a question with its options:
//!
//! ```text
//! {{#quiz}}
//! Question text?
//! - [ ] option one
//!   : explanation of option one
//! - [x] right option
//!   : explanation
//! {{/quiz}}
//! ```

use crate::words::book as words;

use super::Fault;
use super::scan::Fences;

/// Which of the two.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Exactly one option is right, and every option is explained.
    Quiz,
    /// One option at most is marked as right, which shows once the demo has run; explanations are optional.
    Prediction,
}

/// A question, its parts in Markdown.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Question {
    /// What is asked.
    pub text: String,
    /// What can be chosen.
    pub options: Vec<Choice>,
}

/// One option.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Choice {
    /// The line of the chapter where it begins.
    line: usize,
    /// Whether it was marked with `[x]`.
    pub right: bool,
    /// The option itself.
    pub text: String,
    /// Why it is right or wrong; empty if there is none.
    pub why: String,
}

/// Reads the lines from `{{#quiz}}` to `{{/quiz}}`, both included; the first is line `first`.
pub fn read(kind: Kind, lines: &[&str], first: usize) -> Result<Question, Vec<Fault>> {
    let mut question = Question::default();
    let mut fences = Fences::default();
    let mut in_why = false;
    let inner = &lines[1..lines.len().saturating_sub(1)];
    for (line, number) in inner.iter().zip(first + 1..) {
        let code = fences.is_code(line);
        if !code && let Some((right, text)) = option(line) {
            in_why = false;
            question.options.push(Choice {
                line: number,
                right,
                text: format!("{text}\n"),
                why: String::new(),
            });
            continue;
        }
        let Some(choice) = question.options.last_mut() else {
            push(&mut question.text, line);
            continue;
        };
        if !code && let Some(why) = line.trim_start().strip_prefix(": ") {
            in_why = true;
            push(&mut choice.why, why.trim());
        } else if in_why {
            push(&mut choice.why, dedent(line, 4));
        } else {
            push(&mut choice.text, dedent(line, 2));
        }
    }
    question.text = question.text.trim().to_owned();
    for choice in &mut question.options {
        choice.text = choice.text.trim().to_owned();
        choice.why = choice.why.trim().to_owned();
    }
    let faults = faults(kind, &question, first);
    if faults.is_empty() {
        Ok(question)
    } else {
        Err(faults)
    }
}

fn faults(kind: Kind, question: &Question, first: usize) -> Vec<Fault> {
    let mut faults = Vec::new();
    if question.text.is_empty() {
        faults.push((first, words::NO_QUESTION.to_owned()));
    }
    if question.options.len() < 2 {
        faults.push((first, words::TOO_FEW_OPTIONS.to_owned()));
    }
    let right = question
        .options
        .iter()
        .filter(|option| option.right)
        .count();
    if (kind == Kind::Quiz && right != 1) || right > 1 {
        faults.push((first, words::not_one_right(right)));
    }
    for option in &question.options {
        if option.text.is_empty() {
            faults.push((option.line, words::EMPTY_OPTION.to_owned()));
        }
        if kind == Kind::Quiz && option.why.is_empty() {
            faults.push((option.line, words::NO_EXPLANATION.to_owned()));
        }
    }
    faults
}

/// `- [x] text`, `- [ ] text` or `- text`, at the start of the line.
fn option(line: &str) -> Option<(bool, &str)> {
    let text = line.strip_prefix("- ")?;
    let marked = [("[x]", true), ("[X]", true), ("[ ]", false)];
    for (mark, right) in marked {
        if let Some(text) = text.strip_prefix(mark) {
            return Some((right, text.trim()));
        }
    }
    Some((false, text.trim()))
}

fn push(text: &mut String, line: &str) {
    text.push_str(line);
    text.push('\n');
}

/// `line` without up to `most` leading spaces: what stands deeper keeps the rest.
fn dedent(line: &str, most: usize) -> &str {
    let spaces = line.bytes().take_while(|b| *b == b' ').count();
    &line[spaces.min(most)..]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(kind: Kind, text: &str) -> Result<Question, Vec<Fault>> {
        super::read(kind, &text.lines().collect::<Vec<_>>(), 10)
    }

    #[test]
    fn text_and_code_go_to_the_part_they_stand_under() {
        let text = "{{#quiz}}\nWhat does this print?\n\n```rust\n- [x] no option\n```\n\n- [ ] one,\n  on two lines\n  \
                    : no:\n    because\n    ```text\n    : code\n    ```\n- [x] two\n  : yes\n{{/quiz}}";
        let question = read(Kind::Quiz, text).expect("a good quiz");
        assert!(
            question.text.ends_with("- [x] no option\n```"),
            "{question:?}"
        );
        let texts: Vec<&str> = question.options.iter().map(|o| o.text.as_str()).collect();
        assert_eq!(texts, ["one,\non two lines", "two"]);
        assert_eq!(
            question.options[0].why,
            "no:\nbecause\n```text\n: code\n```"
        );
        assert_eq!(question.options[1].why, "yes");
        assert!(question.options[1].right && !question.options[0].right);
    }

    #[test]
    fn every_fault_is_found_with_its_line() {
        let found = |text: &str| read(Kind::Quiz, text).expect_err("a fault");
        let no_explanation = words::NO_EXPLANATION.to_owned();
        let empty_option = words::EMPTY_OPTION.to_owned();
        for (options, line, why) in [
            (
                "[ ] a\n  : no\n- [ ] b\n  : no",
                10,
                words::not_one_right(0),
            ),
            (
                "[x] a\n  : yes\n- [x] b\n  : yes",
                10,
                words::not_one_right(2),
            ),
            ("[x] a\n  : yes\n- [ ] b", 14, no_explanation),
            ("[x]\n  : yes\n- [ ] b\n  : no", 12, empty_option),
        ] {
            let text = format!("{{{{#quiz}}}}\nA?\n- {options}\n{{{{/quiz}}}}");
            assert_eq!(found(&text), [(line, why)], "{text}");
        }
        assert_eq!(found("{{#quiz}}\n- [x] a\n  : yes\n{{/quiz}}").len(), 2);
        assert_eq!(found("{{#quiz}}\n{{/quiz}}").len(), 3);
    }

    #[test]
    fn a_prediction_needs_neither_marks_nor_explanations() {
        let read = |options| {
            let text = format!("{{{{#predict demo=x}}}}\nA?\n{options}\n{{{{/predict}}}}");
            read(Kind::Prediction, &text)
        };
        assert_eq!(read("- a\n- [ ] b").expect("good").options.len(), 2);
        assert!(read("- a").is_err());
    }
}
