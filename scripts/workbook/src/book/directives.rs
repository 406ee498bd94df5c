//! Finds our directives in the text of a chapter and puts their HTML in the place of each.
//!
//! A directive stands alone on its line, at its very start: what it becomes is a block of HTML, and
//! in the middle of a paragraph or a list that block would fall apart without a word.

use std::path::Path;

use crate::course::{Course, CourseError};
use crate::words::book as words;

use super::question::{self, Kind};
use super::scan::{Fences, without_code};
use super::{hours, map, markup, plans, stages, teachers};

/// What mdBook itself understands.
const MDBOOKS_OWN: [&str; 5] = ["include", "rustdoc_include", "playground", "title", "toc"];

/// Why a chapter could not be expanded.
#[derive(Debug, PartialEq, Eq)]
pub enum Error {
    /// Line and reason, for each fault.
    Lines(Vec<(usize, String)>),
    /// The course itself is wrong.
    Course(CourseError),
}

/// A directive as it was written.
#[derive(Debug, PartialEq, Eq)]
struct Directive<'a> {
    name: &'a str,
    argument: &'a str,
}

/// The text of the chapter at `path` (relative to the folder of the chapters), expanded.
///
/// # Errors
/// All faults of the chapter.
pub fn expand(course: &Course, path: &Path, text: &str) -> Result<String, Error> {
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
        match chapter.html(&directive, &lines[at..=last], at + 1) {
            // One empty line on either side: without it Markdown takes the block for text.
            Ok(html) => out.extend([String::new(), html, String::new()]),
            Err(Error::Lines(more)) => faults.extend(more),
            Err(e) => return Err(e),
        }
        at = last + 1;
    }
    if !faults.is_empty() {
        return Err(Error::Lines(faults));
    }
    let mut text = out.join("\n");
    text.push('\n');
    Ok(text)
}

/// The directive that `line` consists of.
fn read(line: &str) -> Option<Directive<'_>> {
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

impl<'a> Chapter<'a> {
    fn html(
        &mut self,
        directive: &Directive<'_>,
        lines: &[&str],
        line: usize,
    ) -> Result<String, Error> {
        let fault = |why: String| Error::Lines(vec![(line, why)]);
        let argument = directive.argument;
        let nothing_more = || {
            if argument.is_empty() {
                Ok(())
            } else {
                Err(fault(words::takes_nothing(directive.name)))
            }
        };
        match directive.name {
            "exercise" => {
                let exercise = self
                    .course
                    .exercises()
                    .find(|exercise| exercise.id == argument)
                    .ok_or_else(|| fault(words::no_exercise(argument)))?;
                let lesson = self.course.lesson(&exercise.lesson);
                Ok(markup::card(
                    exercise,
                    lesson.and_then(|lesson| lesson.build),
                ))
            }
            "quiz" => {
                nothing_more()?;
                let question = question::read(Kind::Quiz, lines, line).map_err(Error::Lines)?;
                self.quizzes += 1;
                Ok(markup::quiz(&self.page, self.quizzes, &question))
            }
            "predict" => {
                let (demo, scene) = scene(argument);
                let name = demo
                    .strip_prefix("demo=")
                    .ok_or_else(|| fault(words::PREDICT_NEEDS_DEMO.to_owned()))?;
                let demo = self.course.demo(name);
                let (lesson, words) = demo.ok_or_else(|| fault(words::no_lesson(name)))?;
                let demo = markup::Demo {
                    name,
                    lesson,
                    words,
                };
                let question =
                    question::read(Kind::Prediction, lines, line).map_err(Error::Lines)?;
                self.predictions += 1;
                Ok(markup::prediction(
                    &self.page,
                    self.predictions,
                    demo,
                    scene,
                    &question,
                ))
            }
            "demo" => {
                let demo = self.course.demo(argument);
                let (lesson, words) = demo.ok_or_else(|| fault(words::no_lesson(argument)))?;
                Ok(markup::demo(markup::Demo {
                    name: argument,
                    lesson,
                    words,
                }))
            }
            "hours" => {
                nothing_more()?;
                Ok(hours::text(self.course))
            }
            "map" => {
                nothing_more()?;
                Ok(map::list(self.course))
            }
            "plans" => {
                nothing_more()?;
                plans::text(self.course).map_err(fault)
            }
            "site" => {
                nothing_more()?;
                Ok(stages::site())
            }
            "stage" => stages::stage(argument).ok_or_else(|| fault(words::no_stage(argument))),
            "teachers" => {
                nothing_more()?;
                teachers::page(self.course, self.path).map_err(Error::Course)
            }
            unknown => Err(fault(words::unknown_directive(unknown))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::book::markup::tests::course;

    fn lines(text: &str) -> Vec<(usize, String)> {
        match expand(&course(), Path::new("01-tcp.md"), text) {
            Err(Error::Lines(lines)) => lines,
            other => panic!("{other:?}"),
        }
    }

    fn first(text: &str) -> (usize, String) {
        lines(text).swap_remove(0)
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
        assert_eq!(first("a\n\n{{#exercise nope}}\n").0, 3);
        assert!(first("{{#exercise nope}}").1.contains("`nope`"));
        assert_eq!(first("a\n{{#quizz}}\n").0, 2);
        assert!(first("{{#quizz}}").1.contains("`quizz`"));
        assert!(first("text {{#exercise frames}}").1.contains("alone"));
        assert!(first("  {{#exercise frames}}").1.contains("alone"));
        assert!(first("{{/quiz}}").1.contains("quiz"));
        assert!(
            first("{{#predict}}\nA?\n- a\n- b\n{{/predict}}")
                .1
                .contains("demo=")
        );
        assert!(
            first("{{#predict demo=99-x}}\nA?\n- a\n- b\n{{/predict}}")
                .1
                .contains("99-x")
        );
        assert!(first("{{#demo frames}}").1.contains("frames"));
        assert!(first("{{#teachers now}}").1.contains("teachers"));
    }

    #[test]
    fn a_forgotten_end_is_reported_where_it_was_forgotten() {
        let text = "{{#quiz}}\nA?\n- [x] a\n  : yes\n- [ ] b\n  : no\n\n{{#quiz}}\nB?\n- [x] a\n  : yes\n\
                    - [ ] b\n  : no\n{{/quiz}}\n";
        let faults = lines(text);
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
