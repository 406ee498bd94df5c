//! Finds our directives in the text of a chapter and puts their HTML in the place of each.
//!
//! A directive stands alone on its line, at its very start: what it becomes is a block of HTML, and
//! in the middle of a paragraph or a list that block would fall apart without a word.

use std::path::Path;

use crate::course::Course;
use crate::words::book as words;

use super::question::{self, Kind};
use super::scan::{Fences, without_code};
use super::{Fault, hours, map, markup, plans, stages, teachers};

/// What mdBook itself understands.
const MDBOOKS_OWN: [&str; 5] = ["include", "rustdoc_include", "playground", "title", "toc"];

/// A directive as it was written.
#[derive(Clone, Copy)]
pub(super) struct Directive<'a> {
    pub(super) name: &'a str,
    pub(super) argument: &'a str,
}

/// The text of the chapter at `path` (relative to the folder of the chapters), expanded.
pub fn expand(course: &Course, path: &Path, text: &str) -> Result<String, Vec<Fault>> {
    let mut chapter = Chapter {
        course,
        path,
        page: path
            .file_stem()
            .map(|stem| stem.to_string_lossy().into_owned())
            .unwrap_or_default(),
        quizzes: 0,
        predictions: 0,
    };
    let lines: Vec<&str> = text.lines().collect();
    let (mut out, mut faults) = (Vec::new(), Vec::new());
    let mut fences = Fences::default();
    let mut at = 0;
    while at < lines.len() {
        let line = lines[at];
        if fences.is_code(line) {
            out.push(line.to_owned());
            at += 1;
            continue;
        }
        let Some(directive) = read(line) else {
            if let Some(why) = misplaced(line) {
                faults.push((at + 1, why));
            }
            out.push(line.to_owned());
            at += 1;
            continue;
        };
        let last = match end_of(&lines, at, directive.name) {
            Ok(last) => last,
            Err(why) => {
                faults.push((at + 1, why));
                at += 1;
                continue;
            }
        };
        match chapter.html(directive, &lines[at..=last], at + 1) {
            // One empty line on either side: without it Markdown takes the block for text.
            Ok(html) => out.extend([String::new(), html, String::new()]),
            Err(more) => faults.extend(more),
        }
        at = last + 1;
    }
    if !faults.is_empty() {
        return Err(faults);
    }
    let mut text = out.join("\n");
    text.push('\n');
    Ok(text)
}

/// The directive that `line` consists of.
pub(super) fn read(line: &str) -> Option<Directive<'_>> {
    let inner = line.trim_end().strip_prefix("{{#")?.strip_suffix("}}")?;
    let (name, argument) = inner.split_once(char::is_whitespace).unwrap_or((inner, ""));
    (!MDBOOKS_OWN.contains(&name)).then(|| Directive {
        name,
        argument: argument.trim(),
    })
}

/// `demo=01-tcp scene="2. The title"`: the demo, and the beginning of the line of its output that the
/// prediction is about.
fn scene(argument: &str) -> (&str, Option<&str>) {
    argument
        .strip_suffix('"')
        .and_then(|rest| rest.split_once(" scene=\""))
        .map_or((argument, None), |(demo, scene)| {
            (demo.trim_end(), Some(scene))
        })
}

/// What is wrong with a line that holds a directive and something else.
fn misplaced(line: &str) -> Option<String> {
    let text = without_code(line);
    if let Some(closing) = text.find("{{/") {
        let name: String = text[closing + 3..]
            .chars()
            .take_while(|c| *c != '}')
            .collect();
        return Some(words::closes_nothing(&name));
    }
    let mut rest = text.as_str();
    while let Some(start) = rest.find("{{#") {
        let escaped = rest[..start].ends_with('\\');
        rest = &rest[start + 3..];
        let name: String = rest
            .chars()
            .take_while(|c| !c.is_whitespace() && *c != '}')
            .collect();
        if !escaped && !MDBOOKS_OWN.contains(&name.as_str()) {
            return Some(words::not_alone(&name));
        }
    }
    None
}

/// The line where the directive that opens at `at` ends.
fn end_of(lines: &[&str], at: usize, name: &str) -> Result<usize, String> {
    if !matches!(name, "quiz" | "predict") {
        return Ok(at);
    }
    let end = format!("{{{{/{name}}}}}");
    let mut fences = Fences::default();
    for (distance, line) in lines[at + 1..].iter().enumerate() {
        if fences.is_code(line) {
            continue;
        }
        if line.trim_end() == end {
            return Ok(at + 1 + distance);
        }
        // A forgotten end must be reported where it was forgotten, not at the next quiz's end.
        if read(line).is_some() {
            break;
        }
    }
    Err(words::never_closed(name))
}

struct Chapter<'a> {
    course: &'a Course,
    path: &'a Path,
    page: String,
    quizzes: usize,
    predictions: usize,
}

impl Chapter<'_> {
    fn html(
        &mut self,
        directive: Directive<'_>,
        lines: &[&str],
        line: usize,
    ) -> Result<String, Vec<Fault>> {
        let fault = |why: String| vec![(line, why)];
        let course = self.course;
        match (directive.name, directive.argument) {
            ("exercise", id) => {
                let mut exercises = course.exercises();
                let exercise = exercises.find(|exercise| exercise.id == id);
                let exercise = exercise.ok_or_else(|| fault(words::no_exercise(id)))?;
                let lesson = course.lesson(&exercise.lesson);
                Ok(markup::card(
                    exercise,
                    lesson.and_then(|lesson| lesson.build),
                ))
            }
            ("predict", argument) => {
                let (demo, scene) = scene(argument);
                let name = demo
                    .strip_prefix("demo=")
                    .ok_or_else(|| fault(words::PREDICT_NEEDS_DEMO.to_owned()))?;
                let command = markup::command(course, name);
                let command = command.ok_or_else(|| fault(words::no_lesson(name)))?;
                let question = question::read(Kind::Prediction, lines, line)?;
                self.predictions += 1;
                let number = self.predictions;
                let demo = markup::Demo { name, command };
                Ok(markup::prediction(
                    &self.page, number, &demo, scene, &question,
                ))
            }
            ("demo", name) => {
                let command = markup::command(course, name);
                let command = command.ok_or_else(|| fault(words::no_lesson(name)))?;
                Ok(markup::demo(&markup::Demo { name, command }))
            }
            ("stage", number) => {
                stages::stage(number).ok_or_else(|| fault(words::no_stage(number)))
            }
            ("quiz", "") => {
                let question = question::read(Kind::Quiz, lines, line)?;
                self.quizzes += 1;
                Ok(markup::quiz(&self.page, self.quizzes, &question))
            }
            ("hours", "") => Ok(hours::text(course)),
            ("map", "") => Ok(map::list(course)),
            ("plans", "") => plans::text(course).map_err(fault),
            ("site", "") => Ok(stages::site()),
            ("teachers", "") => teachers::page(course, self.path).map_err(|e| fault(e.to_string())),
            (name @ ("quiz" | "hours" | "map" | "plans" | "site" | "teachers"), _) => {
                Err(fault(words::takes_nothing(name)))
            }
            (unknown, _) => Err(fault(words::unknown_directive(unknown))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::book::markup::tests::course;

    fn faults(text: &str) -> Vec<Fault> {
        expand(&course(), Path::new("01-tcp.md"), text).expect_err("a fault")
    }

    #[test]
    fn what_is_not_a_directive_stays_as_it_is() {
        let text = "# A\n\n```md\n{{#exercise nothing}}\n{{#quiz}}\n```\n\nUse `{{#exercise id}}`.\n\n\
                    {{#include ../x.rs:a}}\n\n~~~\n{{/quiz}}\n~~~\n";
        assert_eq!(
            expand(&course(), Path::new("a.md"), text).as_deref(),
            Ok(text)
        );
    }

    #[test]
    fn faults_name_their_line() {
        for (text, line, part) in [
            ("a\n\n{{#exercise nope}}\n", 3, "`nope`"),
            ("a\n{{#quizz}}\n", 2, "`quizz`"),
            ("text {{#exercise frames}}", 1, "alone"),
            ("  {{#exercise frames}}", 1, "alone"),
            ("{{/quiz}}", 1, "quiz"),
            ("{{#predict}}\nA?\n- a\n- b\n{{/predict}}", 1, "demo="),
            (
                "{{#predict demo=99-x}}\nA?\n- a\n- b\n{{/predict}}",
                1,
                "99-x",
            ),
            ("{{#demo frames}}", 1, "frames"),
            ("{{#teachers now}}", 1, "teachers"),
        ] {
            let (at, why) = faults(text).swap_remove(0);
            assert!(at == line && why.contains(part), "{text}: {at} {why}");
        }
    }

    #[test]
    fn a_forgotten_end_is_reported_where_it_was_forgotten() {
        let text = "{{#quiz}}\nA?\n- [x] a\n  : yes\n- [ ] b\n  : no\n\n{{#quiz}}\nB?\n- [x] a\n  : yes\n\
                    - [ ] b\n  : no\n{{/quiz}}\n";
        let faults = faults(text);
        assert_eq!(faults.len(), 1, "{faults:?}");
        assert_eq!(faults[0].0, 1);
    }

    #[test]
    fn quizzes_are_counted_by_page() {
        let quiz = "{{#quiz}}\nA?\n- [x] a\n  : yes\n- [ ] b\n  : no\n{{/quiz}}\n";
        let Ok(html) = expand(&course(), Path::new("01-tcp.md"), &quiz.repeat(2)) else {
            panic!("not expanded");
        };
        assert!(
            html.contains("data-quiz=\"01-tcp-q1\"") && html.contains("data-quiz=\"01-tcp-q2\"")
        );
    }
}
