//! What the class knows of the course: lessons and exercises, the words of beliefs, and the questions of the book.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use serde::{Deserialize, Serialize};

/// The course as far as a class needs it.
#[derive(Debug, Default)]
pub struct Course {
    /// In their order.
    pub lessons: Vec<Lesson>,
    /// Words of each belief, by its slug.
    pub beliefs: BTreeMap<String, String>,
    /// Predictions and quizzes of the book, in their order.
    pub questions: Vec<Question>,
}

/// A lesson.
#[derive(Debug, Clone, Deserialize)]
pub struct Lesson {
    /// Name of its folder.
    #[serde(skip)]
    pub name: String,
    /// Its title.
    pub title: String,
    /// Places to stop.
    #[serde(default)]
    pub stops: Vec<String>,
    /// Its exercises, in their order.
    #[serde(default, rename = "exercise")]
    pub exercises: Vec<Exercise>,
}

/// An exercise.
#[derive(Debug, Clone, Deserialize)]
pub struct Exercise {
    /// Its id.
    pub id: String,
    /// Its title.
    pub title: String,
    /// The belief that it is about.
    pub belief: Belief,
}

/// A belief: its name, and the sentence.
#[derive(Debug, Clone, Deserialize)]
pub struct Belief {
    /// Its stable name.
    pub slug: String,
    /// The sentence.
    pub words: String,
}

/// A prediction or a quiz, its parts in Markdown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Question {
    /// Page and position on it: `01-tcp/1`.
    pub id: String,
    /// `quiz` or `predict`.
    pub kind: String,
    /// What is asked.
    pub text: String,
    /// What can be chosen.
    pub options: Vec<Choice>,
}

/// An option of a question.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Choice {
    /// Whether it is the right one.
    pub right: bool,
    /// The option.
    pub text: String,
    /// Why it is right or wrong; may be empty.
    pub why: String,
}

/// The folder of the course around the current folder.
pub fn root() -> Result<PathBuf> {
    let here = std::env::current_dir().context("there is no current folder")?;
    let found = here
        .ancestors()
        .find(|dir| dir.join("book/book.toml").exists() && dir.join("lessons").is_dir());
    match found {
        Some(dir) => Ok(dir.to_owned()),
        None => bail!("{} is not inside of the workbook", here.display()),
    }
}

impl Course {
    /// Reads the course in `root`.
    ///
    /// # Errors
    /// If a file of it cannot be read.
    pub fn read(root: &Path) -> Result<Self> {
        let mut course = Self::default();
        for folder in sorted(&root.join("lessons"))? {
            let Ok(text) = fs::read_to_string(folder.join("lesson.toml")) else {
                continue;
            };
            let mut lesson: Lesson = toml::from_str(&text)
                .with_context(|| format!("{}/lesson.toml", folder.display()))?;
            lesson.name = file_name(&folder);
            for exercise in &lesson.exercises {
                course
                    .beliefs
                    .insert(exercise.belief.slug.clone(), exercise.belief.words.clone());
                for file in sorted(&folder.join("exercises").join(&exercise.id).join("mistakes"))
                    .unwrap_or_default()
                {
                    course.beliefs.extend(
                        fs::read_to_string(file)
                            .ok()
                            .as_deref()
                            .and_then(belief_of_mistake),
                    );
                }
            }
            course.lessons.push(lesson);
        }
        for page in sorted(&root.join("book/src"))? {
            if page.extension().is_some_and(|end| end == "md") {
                let name = file_name(&page.with_extension(""));
                course
                    .questions
                    .extend(questions(&name, &fs::read_to_string(&page)?));
            }
        }
        Ok(course)
    }

    /// The name of the lesson that has this exercise.
    pub fn lesson_of(&self, exercise: &str) -> Option<&str> {
        let has = |lesson: &&Lesson| lesson.exercises.iter().any(|each| each.id == exercise);
        self.lessons
            .iter()
            .find(has)
            .map(|lesson| lesson.name.as_str())
    }

    /// The words of a belief; its slug if the course does not know it.
    pub fn words<'a>(&'a self, slug: &'a str) -> &'a str {
        self.beliefs.get(slug).map_or(slug, String::as_str)
    }
}

fn sorted(dir: &Path) -> Result<Vec<PathBuf>> {
    let entries = fs::read_dir(dir).with_context(|| format!("cannot read {}", dir.display()))?;
    let mut found: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    found.sort();
    Ok(found)
}

fn file_name(path: &Path) -> String {
    path.file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned()
}

/// Slug and words from the head of a kept mistake.
fn belief_of_mistake(text: &str) -> Option<(String, String)> {
    let head = |key: &str| text.lines().take(6).find_map(|line| line.strip_prefix(key));
    Some((
        head("belief: ")?.trim().to_owned(),
        head("words: ")?.trim().to_owned(),
    ))
}

/// The questions of one page. What stands in a code block is text about questions.
fn questions(page: &str, text: &str) -> Vec<Question> {
    let mut found: Vec<Question> = Vec::new();
    let mut open: Option<Question> = None;
    let mut in_why = false;
    let mut code = false;
    for line in text.lines() {
        let fence = line.trim_start().starts_with("```");
        code ^= fence;
        let plain = !code && !fence;
        let Some(question) = &mut open else {
            let kind = ["quiz", "predict"]
                .into_iter()
                .find(|kind| line.starts_with(&format!("{{{{#{kind}")));
            if let (true, Some(kind)) = (plain, kind) {
                let id = format!("{page}/{}", found.len() + 1);
                open = Some(Question {
                    id,
                    kind: kind.to_owned(),
                    text: String::new(),
                    options: Vec::new(),
                });
            }
            continue;
        };
        if plain && line.starts_with("{{/") {
            found.extend(
                open.take()
                    .map(trimmed)
                    .filter(|question| question.options.len() > 1),
            );
        } else if let Some(option) = line.strip_prefix("- ").filter(|_| plain) {
            let marked = |mark: &str| option.strip_prefix(mark);
            let chosen = marked("[x]").or(marked("[X]"));
            let text = chosen.or(marked("[ ]")).unwrap_or(option).trim().to_owned();
            question.options.push(Choice {
                right: chosen.is_some(),
                text,
                why: String::new(),
            });
            in_why = false;
        } else if let Some(choice) = question.options.last_mut() {
            let why = line.trim_start().strip_prefix(": ").filter(|_| plain);
            in_why |= why.is_some();
            let part = if in_why {
                &mut choice.why
            } else {
                &mut choice.text
            };
            part.push('\n');
            part.push_str(why.unwrap_or(line).trim());
        } else {
            question.text.push_str(line);
            question.text.push('\n');
        }
    }
    found
}

fn trimmed(mut question: Question) -> Question {
    question.text = question.text.trim().to_owned();
    for choice in &mut question.options {
        choice.text = choice.text.trim().to_owned();
        choice.why = choice.why.trim().to_owned();
    }
    question
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_questions_of_this_book_are_read() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        let course = Course::read(&root).unwrap();
        assert!(
            course.lessons.len() > 17,
            "{} lessons",
            course.lessons.len()
        );
        assert_eq!(course.lesson_of("frames"), Some("01-tcp"));
        assert_eq!(
            course.words("one-write-is-one-read"),
            "One write is one read."
        );
        let of = |kind: &str| {
            course
                .questions
                .iter()
                .filter(|question| question.kind == kind)
                .count()
        };
        assert!(
            of("quiz") >= 18 && of("predict") >= 18,
            "{} and {}",
            of("quiz"),
            of("predict")
        );
        for question in &course.questions {
            let right = question
                .options
                .iter()
                .filter(|choice| choice.right)
                .count();
            assert!(
                right <= 1 && (right == 1 || question.kind == "predict"),
                "{question:#?}"
            );
            assert!(
                question.options.len() > 1 && !question.text.is_empty(),
                "{question:#?}"
            );
        }
    }

    #[test]
    fn code_belongs_to_the_part_above_it() {
        let text = "```text\n{{#quiz}}\n```\n{{#quiz}}\nWhat?\n```rust\n- [x] no option\n```\n- [ ] one,\n  more\n  : no:\n    why\n\
                    - [x] two\n{{/quiz}}\n";
        let [question] = &questions("p", text)[..] else {
            panic!("one question")
        };
        assert_eq!(question.text, "What?\n```rust\n- [x] no option\n```");
        assert_eq!(question.options[0].text, "one,\nmore");
        assert_eq!(question.options[0].why, "no:\nwhy");
        assert!(question.options[1].right);
    }
}
