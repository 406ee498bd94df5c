//! How long a lesson takes, computed: a stated figure that is far off is a fault.
//!
//! Reading: 200 words a minute, 4 s for each line of code that is shown, 1 s for each line of output, and the time
//! that the demo takes. An exercise: 3 minutes, and 40 s for each line that its solution writes. A lesson whose
//! `lesson.toml` says how long its demo takes (`demo = 12`, in seconds) is held to it; the others are still to come.

use std::path::Path;

use super::Fault;
use crate::book::includes;
use crate::book::scan::Fences;
use crate::course::{Course, Exercise, Lesson, Page, change};

/// Words that are read in a minute.
const WORDS: f64 = 200.0;
/// Minutes for a line of code that is shown.
const CODE: f64 = 4.0 / 60.0;
/// Minutes for a line that a program printed.
const OUTPUT: f64 = 1.0 / 60.0;
/// Minutes for any exercise: to read its text and a verdict.
const EXERCISE: f64 = 3.0;
/// Minutes for a line that is written.
const WRITTEN: f64 = 40.0 / 60.0;
/// How far a stated figure may be off, as a part of the computed one.
const OFF: f64 = 0.15;
/// The most lines that one exercise may ask for.
pub const MOST_LINES: usize = 20;

/// What a page of a lesson gives to read.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Shown {
    /// Words of its text, tables and questions, and of the titles and goals of its exercises.
    pub words: usize,
    /// Lines of code that are shown.
    pub code: usize,
    /// Lines of output, and of what is typed.
    pub output: usize,
}

impl Shown {
    /// Counts a page of `lesson`, with what it includes.
    pub fn on(course: &Course, lesson: &Lesson, page: &Page) -> Self {
        let file = course.path(&page.file());
        let text = std::fs::read_to_string(&file).unwrap_or_default();
        let mut shown = Self::default();
        shown.read(&text, &file);
        for exercise in lesson.on(page) {
            shown.words += words(&exercise.title) + words(&exercise.goal);
        }
        shown
    }

    fn read(&mut self, text: &str, file: &Path) {
        let mut fences = Fences::default();
        let (mut inside, mut is_code) = (false, false);
        for line in text.lines() {
            let fenced = fences.is_code(line);
            let border = fenced && line.trim_start().starts_with("```");
            if border && !inside {
                let kind = line.trim_start().trim_start_matches('`').trim();
                is_code = !["", "text", "console"].contains(&kind);
            }
            inside = fenced && (inside != border);
            if !fenced {
                if !line.starts_with("{{") {
                    self.words += words(line);
                }
            } else if !border {
                let shown = match includes::targets(line).first() {
                    Some(target) => included(target, file),
                    None => line.to_owned(),
                };
                let lines = shown.lines().filter(|line| !line.trim().is_empty());
                let lines = lines.filter(|line| !line.contains("ANCHOR")).count();
                *(if is_code {
                    &mut self.code
                } else {
                    &mut self.output
                }) += lines;
            }
        }
    }

    /// Minutes to read it, with a demo of `demo` seconds.
    #[expect(clippy::cast_precision_loss, reason = "a page has no 2^52 words")]
    pub fn minutes(self, demo: u32) -> f64 {
        let text = self.words as f64 / WORDS;
        text + self.code as f64 * CODE + self.output as f64 * OUTPUT + f64::from(demo) / 60.0
    }
}

/// Which part of a page's reading lies before the card of the exercise `id`: from 0 to 1.
pub fn share_until(course: &Course, lesson: &Lesson, page: &Page, id: &str) -> f64 {
    let file = course.path(&page.file());
    let text = std::fs::read_to_string(&file).unwrap_or_default();
    let before = text.split(&format!("{{{{#exercise {id}}}}}")).next();
    let mut shown = Shown::default();
    shown.read(before.unwrap_or_default(), &file);
    let all = Shown::on(course, lesson, page).minutes(0);
    if all > 0.0 {
        (shown.minutes(0) / all).min(1.0)
    } else {
        1.0
    }
}

/// The words of a line of Markdown: no HTML, no addresses of links and pictures, no marks.
fn words(line: &str) -> usize {
    let mut text = String::new();
    let mut rest = line;
    while let Some(next) = rest.chars().next() {
        let tag =
            next == '<' && rest[1..].starts_with(|c: char| c.is_ascii_alphabetic() || c == '/');
        // What is skipped up to its last character; a picture is a picture up to its address.
        let skipped = match rest {
            _ if tag => rest.find('>'),
            _ if rest.starts_with("](") => rest.find(')'),
            _ if rest.starts_with("![") => rest.find("](").map(|at| at - 1),
            _ => None,
        };
        if skipped.is_none() {
            text.push(next);
        }
        rest = &rest[skipped.map_or(next.len_utf8(), |at| at + 1)..];
    }
    text.split_whitespace()
        .filter(|word| word.contains(char::is_alphanumeric))
        .count()
}

/// The text that an include shows: `target` is as it stands in the chapter `file`.
pub(crate) fn included(target: &str, file: &Path) -> String {
    let (path, anchor) = target.split_once(':').unwrap_or((target, ""));
    let base = file.parent().unwrap_or(Path::new(""));
    let text = std::fs::read_to_string(base.join(path)).unwrap_or_default();
    if anchor.is_empty() {
        return text;
    }
    let is = |line: &str, mark: &str| {
        line.split_once(mark)
            .is_some_and(|(_, name)| name.trim() == anchor)
    };
    let lines = text.lines().skip_while(|line| !is(line, "ANCHOR:")).skip(1);
    let shown: Vec<&str> = lines.take_while(|line| !is(line, "ANCHOR_END:")).collect();
    shown.join("\n")
}

/// The lines that the solution of `exercise` has in place of the stub's or beside them, without empty ones and
/// comments.
pub fn written(course: &Course, exercise: &Exercise) -> usize {
    let read = |file: &Path| std::fs::read_to_string(course.path(file)).unwrap_or_default();
    let (stub, solution) = (read(&exercise.stub()), read(&exercise.solution()));
    let new = change::new_lines(&stub, &solution);
    new.iter()
        .map(|line| line.trim())
        .filter(|line| !line.is_empty() && !line.starts_with("//"))
        .count()
}

/// Minutes for an exercise whose solution writes so many lines.
#[expect(clippy::cast_precision_loss, reason = "a solution has no 2^52 lines")]
pub fn of_exercise(written: usize) -> f64 {
    EXERCISE + written as f64 * WRITTEN
}

/// Whether a stated figure is too far from the computed one.
pub fn is_off(stated: u32, computed: f64) -> bool {
    (f64::from(stated) - computed).abs() > OFF * computed
}

/// The stated figures of all pages that say how long their demo takes, where they are too far off.
pub fn faults(course: &Course) -> Vec<Fault> {
    let mut faults = Vec::new();
    let pages = (course.lessons.iter())
        .flat_map(|lesson| lesson.pages.iter().map(move |page| (lesson, page)));
    for (lesson, page) in pages {
        let Some(demo) = page.demo else {
            continue;
        };
        let mut look = |what: String, stated: u32, computed: f64| {
            if is_off(stated, computed) {
                let what =
                    format!("{what} takes {computed:.1} minutes as computed; it says {stated}");
                faults.push(Fault::at(lesson.dir().join("lesson.toml"), what));
            }
        };
        let reading = Shown::on(course, lesson, page).minutes(demo);
        let name = format!("the page {} without its exercises", page.name);
        look(name, page.reading(lesson), reading);
        for exercise in lesson.on(page) {
            let lines = written(course, exercise);
            let name = format!("`{}`, with {lines} lines to write,", exercise.id);
            look(name, exercise.minutes, of_exercise(lines));
        }
    }
    faults
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_what_is_read() {
        assert_eq!(words("A **read** of `n` bytes - no more."), 7);
        assert_eq!(words("| you know | here |"), 3);
        assert_eq!(words("|---|---|"), 0);
        assert_eq!(
            words("See [the page](../a b.md#c) <em class=\"x y\">now</em>."),
            4
        );
        assert_eq!(words("a < b, and a[0] too"), 5);
        assert_eq!(words("[] é ![A picture of it](images/a.svg)"), 1);
    }

    #[test]
    fn a_page_is_read_by_kind() {
        let text = "# A title\n\n```rust\nfn f() {\n\n}\n```\n\ntwo words\n\n```text\nout\n```\n{{#exercise a}}\n\
                    ```console\n$ ls\na\n```\nend\n";
        let mut page = Shown::default();
        page.read(text, Path::new("/x/y.md"));
        let expected = Shown {
            words: 5,
            code: 2,
            output: 3,
        };
        assert_eq!(page, expected);
    }

    #[test]
    fn fifteen_percent_may_be_off() {
        assert!(!is_off(12, of_exercise(13)));
        assert!(is_off(14, of_exercise(13)));
        assert!(is_off(9, of_exercise(13)));
    }
}
