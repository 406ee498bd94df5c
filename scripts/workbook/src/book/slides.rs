//! Writes the slides of each lesson beside the built book: `slides/01-tcp.html`, for a projector and for paper.
//!
//! A deck is made from the pages of its lesson: the question, pictures, predictions with the demo's output, places to
//! stop, exercises and goals. The notes are the teachers' page's. So a deck never differs from its lesson. It is no
//! chapter, because mdBook would put it into sidebar, search and print page; plain mdBook therefore builds none.

use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::{fs, io};

use anyhow::{Context, Result};
use mdbook_markdown::pulldown_cmark::{CowStr, Event, Options, Parser, Tag, html};

use crate::course::{Course, Exercise, Lesson, Mistake, Page};
use crate::verify::minutes::included;
use crate::words::book as book_words;
use crate::words::slides as words;

use super::directives::{Directive, read};
use super::includes;
use super::markup::{self, escape};
use super::question::{self, Kind, Question};
use super::scan::Fences;

/// The folder in the book.
pub const FOLDER: &str = "slides";
/// Colours as in the book, and the look of a slide.
const STYLE: [&str; 2] = [
    include_str!("../../../../book/theme/css/variables.css"),
    include_str!("../../../../book/theme/slides.css"),
];
/// Without one, a browser asks the host for it.
const ICON: &str = include_str!("../../../../book/theme/favicon.svg");
/// Keys and buttons.
const SCRIPT: &str = include_str!("../../../../book/theme/slides.js");

/// Writes the decks of all lessons into the built book in `into`.
///
/// # Errors
/// If a page of a lesson cannot be read, or a deck not be written.
pub fn write(course: &Course, into: &Path) -> Result<()> {
    let folder = into.join(FOLDER);
    fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
    let put = |name: &str, text: &str| -> io::Result<()> { fs::write(folder.join(name), text) };
    put("slides.css", &STYLE.concat())?;
    put("slides.js", SCRIPT)?;
    put("favicon.svg", ICON)?;
    let mut list = String::new();
    for lesson in &course.lessons {
        let name = format!("{}.html", lesson.name);
        put(&name, &deck(course, lesson)?)?;
        // Writing to a String cannot fail, here and below.
        let _ = writeln!(
            list,
            "<li><a href=\"{}\">{}: {}</a></li>",
            escape(&name),
            words::lesson(lesson.number),
            line_html(&lesson.title)
        );
    }
    let body = format!(
        "<main class=\"index\"><h1>{0}</h1>\n<ul>\n{list}</ul></main>",
        words::INDEX
    );
    put("index.html", &document(words::INDEX, &body))?;
    Ok(())
}

/// The page of one lesson.
fn deck(course: &Course, lesson: &Lesson) -> Result<String> {
    let mut slides = Slides::default();
    for (at, page) in lesson.pages.iter().enumerate() {
        let file = course.path(&page.file());
        let text = fs::read_to_string(&file)
            .with_context(|| format!("cannot read {}", page.file().display()))?;
        slides.title(lesson, page, at == 0, &text);
        let mut chapter = Chapter {
            course,
            lesson,
            lines: text.lines().collect(),
            file,
            heading: "",
            since: Vec::new(),
            open: None,
        };
        chapter.slides(&mut slides)?;
    }
    let goals: String = lesson.goals().map(|goal| format!("- {goal}\n")).collect();
    slides.add(words::GOALS, &markdown(&goals), "");
    let mut buttons = String::new();
    for (action, text, key) in words::BUTTONS {
        let _ = write!(
            buttons,
            "<button type=\"button\" data-action=\"{action}\" aria-keyshortcuts=\"{key}\">{text}</button>"
        );
    }
    let title = format!("{}: {}", words::lesson(lesson.number), lesson.title);
    let body = format!(
        "<main id=\"deck\">\n{}</main>\n<nav class=\"controls\" aria-label=\"{}\" hidden>{buttons}\
         <output id=\"place\" role=\"status\"></output></nav>",
        slides.html,
        words::CONTROLS,
    );
    Ok(document(&title.replace('`', ""), &body))
}

fn document(title: &str, body: &str) -> String {
    format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"UTF-8\">\n<title>{}</title>\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n\
         <link rel=\"icon\" href=\"favicon.svg\" type=\"image/svg+xml\">\n\
         <link rel=\"stylesheet\" href=\"slides.css\">\n<script src=\"slides.js\" defer></script>\n\
         </head>\n<body>\n{body}\n</body>\n</html>\n",
        escape(title)
    )
}

/// The slides so far.
#[derive(Default)]
struct Slides {
    html: String,
    count: usize,
}

impl Slides {
    /// One more: heading, content and notes are HTML.
    fn add(&mut self, heading: &str, content: &str, notes: &str) {
        self.count += 1;
        let n = self.count;
        // One of them is shown at a time, so each has the page's first heading; a section would be a landmark.
        let _ = write!(
            self.html,
            "<div class=\"slide\" id=\"s{n}\" role=\"group\" aria-labelledby=\"h{n}\" tabindex=\"-1\">\n\
             <h1 id=\"h{n}\">{heading}</h1>\n{content}\n"
        );
        if !notes.is_empty() {
            let label = words::NOTES;
            let _ = writeln!(
                self.html,
                "<div class=\"notes\" role=\"note\" aria-label=\"{label}\">{notes}</div>"
            );
        }
        self.html.push_str("</div>\n");
    }

    /// The first slide of a page: its question, if it states one.
    fn title(&mut self, lesson: &Lesson, page: &Page, chapter: bool, text: &str) {
        let above = match chapter {
            true => format!("<p class=\"above\">{}</p>\n", words::lesson(lesson.number)),
            false => String::new(),
        };
        let question = question_of(text).map_or(String::new(), |question| {
            format!("<p class=\"question\">{}</p>", line_html(&question))
        });
        let goals: String = (page.goals.iter())
            .map(|goal| format!("- {goal}\n"))
            .collect();
        let notes = format!(
            "<p>{}</p>{}",
            words::minutes(page.minutes, page.reading(lesson)),
            markdown(&goals)
        );
        self.add(&line_html(&page.title), &(above + &question), &notes);
    }
}

/// "The question of this lesson: *...*", which may be broken over lines.
fn question_of(text: &str) -> Option<String> {
    let top = text.split("\n## ").next()?;
    let after = top.split_once("question of this")?.1;
    let question = after.split_once('*')?.1.split_once('*')?.0;
    let question = question.replace('\n', " ");
    let mut letters = question.chars();
    let first = letters.next()?;
    Some(first.to_uppercase().chain(letters).collect())
}

/// Walks over a page and makes slides of what it finds.
struct Chapter<'a> {
    course: &'a Course,
    lesson: &'a Lesson,
    lines: Vec<&'a str>,
    /// The chapter's file, from where it includes listings.
    file: PathBuf,
    heading: &'a str,
    /// The text since the heading: what a prediction is about.
    since: Vec<&'a str>,
    /// The prediction whose output comes next.
    open: Option<Question>,
}

impl Chapter<'_> {
    fn slides(&mut self, slides: &mut Slides) -> Result<()> {
        let mut fences = Fences::default();
        let mut at = 0;
        while at < self.lines.len() {
            let line = self.lines[at];
            if fences.is_code(line) {
                self.since.push(line);
                at += 1;
                continue;
            }
            if line.starts_with("## ") || line.starts_with("### ") {
                self.heading = line.trim_start_matches('#').trim();
                self.since.clear();
            } else if line.starts_with("![") {
                at = self.picture(slides, at);
            } else if line.starts_with("{{#predict ") {
                at = self.prediction(slides, at);
            } else if line.starts_with("<details class=\"wb-result\">") {
                at = self.result(slides, at);
            } else if line.starts_with("> **Stop point.**") {
                at = self.stop(slides, at);
            } else if let Some(Directive {
                name: "exercise",
                argument,
            }) = read(line)
            {
                let mut exercises = self.lesson.exercises.iter();
                if let Some(exercise) = exercises.find(|each| each.id == argument) {
                    self.exercise(slides, exercise)?;
                }
            } else {
                self.since.push(line);
            }
            at += 1;
        }
        Ok(())
    }

    /// The line of `end`, from `at` on.
    fn to(&self, at: usize, end: impl Fn(&str) -> bool) -> usize {
        let found = self.lines[at..].iter().position(|line| end(line));
        found.map_or(self.lines.len() - 1, |distance| at + distance)
    }

    /// These lines as HTML, with the listings that they include.
    fn with_listings(&self, lines: &[&str]) -> String {
        let shown = lines
            .iter()
            .map(|line| match includes::targets(line).first() {
                Some(target) => included(target, &self.file),
                None => (*line).to_owned(),
            });
        markdown(&shown.collect::<Vec<_>>().join("\n"))
    }

    /// A picture with its caption; the description is in the notes. Returns the last line.
    fn picture(&self, slides: &mut Slides, at: usize) -> usize {
        let line = self.lines[at];
        let description = line[2..].split("](").next().unwrap_or_default();
        let mut content = markdown(line);
        let mut last = at;
        let next = self.lines.get(at + 2).copied().unwrap_or_default();
        if next.starts_with("<p class=\"caption\">") {
            last = self.to(at + 2, |line| line.contains("</p>"));
            content += &markdown(&self.lines[at + 2..=last].join("\n"));
        }
        let notes = format!("<p>{}</p>", line_html(description));
        slides.add(&line_html(self.heading), &content, &notes);
        last
    }

    /// What the prediction is about, the question and the options without the answer. Returns the last line.
    fn prediction(&mut self, slides: &mut Slides, at: usize) -> usize {
        let last = self.to(at, |line| line.trim_end() == "{{/predict}}");
        // A fault in it is told where the chapter itself is built.
        if let Ok(question) = question::read(Kind::Prediction, &self.lines[at..=last], at + 1) {
            let about = self.with_listings(&self.since);
            let options: String = (question.options.iter())
                .map(|choice| format!("<li>{}</li>\n", markdown(&choice.text)))
                .collect();
            let argument = read(self.lines[at]).map_or("", |directive| directive.argument);
            let content = format!(
                "<div class=\"about\">{about}</div>\n<div class=\"asked\">{}</div>\n<ol class=\"options\">\n{options}</ol>\n{}",
                markdown(&question.text),
                self.command(argument),
            );
            slides.add(&line_html(self.heading), &content, "");
            self.open = Some(question);
        }
        last
    }

    /// The command of the demo that a prediction names.
    fn command(&self, argument: &str) -> String {
        let name = argument.trim_start_matches("demo=").split(' ').next();
        let command = name.and_then(|name| markup::command(self.course, name));
        command.map_or(String::new(), |command| {
            let command = escape(&command);
            format!(
                "<p class=\"run\">{}: <code>{command}</code></p>",
                words::RUN
            )
        })
    }

    /// What the demo printed, one slide, and then the answer, another one. Returns the last line.
    fn result(&mut self, slides: &mut Slides, at: usize) -> usize {
        let last = self.to(at, |line| line.trim_end() == "</details>");
        // Without the fold's own title, which is the heading here.
        let inner = self.lines[at + 1..last]
            .iter()
            .filter(|line| !line.starts_with("<summary>"));
        let inner: Vec<&str> = inner.copied().collect();
        let printed = self.with_listings(&inner);
        let printed = format!("<div class=\"printed\">{printed}</div>");
        slides.add(words::PRINTED, &printed, "");
        if let Some(question) = self.open.take() {
            let mut content = format!(
                "<div class=\"asked\">{}</div>\n<ol class=\"options\">\n",
                markdown(&question.text)
            );
            for choice in &question.options {
                let (class, mark) = match choice.right {
                    true => (
                        " class=\"right\"",
                        format!("<strong>{}</strong> ", words::RIGHT),
                    ),
                    false => ("", String::new()),
                };
                let _ = writeln!(
                    content,
                    "<li{class}>{mark}{}<div class=\"why\">{}</div></li>",
                    markdown(&choice.text),
                    markdown(&choice.why)
                );
            }
            slides.add(words::ANSWER, &(content + "</ol>"), "");
        }
        last
    }

    /// A place to stop. Returns the last line.
    fn stop(&self, slides: &mut Slides, at: usize) -> usize {
        let quoted = self.lines[at..]
            .iter()
            .take_while(|line| line.starts_with('>'));
        let end = at + quoted.count();
        let lines = self.lines[at..end].iter();
        let text: Vec<&str> = lines.map(|line| line.trim_start_matches("> ")).collect();
        let text = markdown(text.join("\n").replace("**Stop point.**", "").trim());
        slides.add(
            words::STOP,
            &format!("<div class=\"question\">{text}</div>"),
            "",
        );
        end - 1
    }

    /// The goal of an exercise; its belief and its known mistakes are in the notes.
    fn exercise(&self, slides: &mut Slides, exercise: &Exercise) -> Result<()> {
        let kind = book_words::kind(exercise.core);
        let content = format!(
            "<p class=\"above\">{}</p>\n<div class=\"question\">{}</div>\n<p class=\"run\"><code>cargo workbook check {}</code></p>",
            escape(&words::exercise(
                &exercise.number,
                &exercise.id,
                exercise.minutes,
                kind
            )),
            markdown(&exercise.goal),
            escape(&exercise.id),
        );
        let (belief, mistakes) = (words::BELIEF, words::MISTAKES);
        let mut notes = format!("{belief} {}\n\n{mistakes}\n\n", exercise.belief.words);
        for Mistake { belief, says, .. } in Mistake::all(&self.course.root, exercise)? {
            let _ = writeln!(notes, "- {} \u{201c}{says}\u{201d}", belief.words);
        }
        slides.add(&line_html(&exercise.title), &content, &markdown(&notes));
        Ok(())
    }
}

/// Markdown as HTML; links and pictures lead from the folder of the slides into the book.
fn markdown(text: &str) -> String {
    let moved = |url: &str| -> CowStr<'static> {
        if url.contains("://") || url.starts_with("mailto:") {
            return url.to_owned().into();
        }
        format!("../{}", url.replacen(".md", ".html", 1)).into()
    };
    let options = Options::ENABLE_TABLES | Options::ENABLE_GFM | Options::ENABLE_SMART_PUNCTUATION;
    let events = Parser::new_ext(text, options).map(|mut event| {
        if let Event::Start(Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. }) = &mut event {
            *dest_url = moved(dest_url);
        }
        event
    });
    let mut out = String::new();
    html::push_html(&mut out, events);
    out
}

/// One line of Markdown as HTML, without a paragraph around it.
fn line_html(text: &str) -> String {
    let html = markdown(text);
    let html = html.trim();
    let inner = || html.strip_prefix("<p>")?.strip_suffix("</p>");
    inner().unwrap_or(html).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::book::markup::tests::course;

    const CHAPTER: &str = "# 01 A\n\n**75 minutes**. The question of this lesson:\n*what comes\nfirst?*\n\n\
        ## A picture\n\n![Boxes <of> bytes.](images/a.svg)\n\n<p class=\"caption\">Left to\nright.</p>\n\n\
        ## Predict: a or b\n\nOne writes.\n\n{{#predict demo=01-tcp}}\nWhich?\n- [ ] a\n  : No.\n- [x] `b`\n  : Yes.\n\
        {{/predict}}\n\n<details class=\"wb-result\">\n<summary>What the demo printed here</summary>\n\n\
        ```text\n1 < 2\n```\n\n</details>\n\n{{#exercise frames}}\n\n> [!IMPORTANT]\n> **Stop point.** [Rest](b.md#c).\n";

    #[test]
    fn a_deck_has_the_question_the_picture_the_prediction_and_the_stop_of_its_page() {
        let dir = tempfile::tempdir().expect("a folder");
        let mut course = course();
        course.root = dir.path().to_owned();
        fs::create_dir_all(dir.path().join("book/src")).expect("made");
        fs::write(dir.path().join("book/src/01-tcp.md"), CHAPTER).expect("written");
        write(&course, dir.path()).expect("written");
        let deck = fs::read_to_string(dir.path().join("slides/01-tcp.html")).expect("read");
        let headings: Vec<&str> = (deck.split("<div class=\"slide\"").skip(1))
            .filter_map(|slide| slide.split("\">").nth(2)?.split("</h1>").next())
            .collect();
        let expected = [
            "Two programs | one wire",
            "A picture",
            "Predict: a or b",
            "What the demo printed",
            "The answer",
            "A <message> has an <code>end</code>",
            "Stop point",
            "You can now",
        ];
        assert_eq!(headings, expected, "{deck}");
        for part in [
            "<p class=\"question\">What comes first?</p>",
            "<img src=\"../images/a.svg\" alt=\"Boxes &lt;of&gt; bytes.\"",
            "1 &lt; 2",
            "<li class=\"right\"><strong>Right:</strong> <p><code>b</code></p>",
            "One write is one read.",
            "<a href=\"../b.html#c\">Rest</a>",
        ] {
            assert!(deck.contains(part), "{part} is not in {deck}");
        }
        assert!(!deck.contains("<script>") && !deck.contains("style="));
    }
}
