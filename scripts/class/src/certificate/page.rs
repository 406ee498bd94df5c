//! The file of a certificate: a page for people that prints on one sheet, with its content as JSON for programs inside.
//!
//! A signature stands in a comment behind the page and covers every byte before it. So what a reader sees is signed, and
//! not only what a program reads. The JSON has its keys in the order of the alphabet and no spaces.

use std::fmt::Write as _;

use anyhow::{Context, Result, ensure};
use serde::{Deserialize, Serialize};

use super::Facts;
use crate::counted;
use crate::course::Course;
use crate::protocol;

/// The largest file, in bytes.
pub const FILE: u64 = 512 * 1024;
const JSON: (&str, &str) = (
    "<script type=\"application/json\" id=\"certificate\">",
    "</script>",
);
const STYLE: &str = include_str!("../../page/certificate.css");

/// What a certificate says. The fields are in the order of the alphabet, because that is the order in the file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Content {
    /// The class that has signed; none in the file of a learner.
    pub class: Option<OfClass>,
    /// The first day with an attempt, by the clock of the learner's machine: `2026-11-24`.
    pub from: String,
    /// Lessons with at least one passed exercise.
    pub lessons: Vec<OfLesson>,
    /// How many beliefs were met.
    pub met: usize,
    /// Name of the learner.
    pub name: String,
    /// The beliefs that were met and then overcome.
    pub overcome: Vec<Belief>,
    /// The last day with an attempt.
    pub to: String,
}

/// What the class adds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OfClass {
    /// The days on which the first and the last result arrived at the class.
    pub arrived: (String, String),
    /// Fingerprint of the key that has signed.
    pub key: String,
    /// Name of the class.
    pub name: String,
    /// The teacher has confirmed the name; else it is the learner's name in the class.
    pub name_confirmed: bool,
    /// The room code.
    pub room: String,
    /// The day of the signature.
    pub signed: String,
}

/// A lesson.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OfLesson {
    /// How many exercises it has.
    pub exercises: usize,
    /// Name of its folder.
    pub lesson: String,
    /// Ids of the exercises that passed.
    pub passed: Vec<String>,
    /// Its title.
    pub title: String,
}

/// A belief.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Belief {
    /// Its stable name.
    pub slug: String,
    /// The sentence.
    pub words: String,
}

impl Content {
    /// The content of a certificate, in the words of this course. What the course does not have is left out.
    pub fn new(name: &str, days: (String, String), facts: &Facts, course: &Course) -> Self {
        let lessons = course.lessons.iter().map(|lesson| {
            let ids = lesson.exercises.iter().map(|exercise| exercise.id.clone());
            OfLesson {
                exercises: lesson.exercises.len(),
                lesson: lesson.name.clone(),
                passed: ids.filter(|id| facts.passed.contains(id)).collect(),
                title: lesson.title.clone(),
            }
        });
        let overcome = facts.overcome().filter_map(|slug| {
            let words = course.beliefs.get(slug)?.clone();
            Some(Belief {
                slug: slug.to_owned(),
                words,
            })
        });
        Self {
            class: None,
            from: days.0,
            lessons: lessons.filter(|lesson| !lesson.passed.is_empty()).collect(),
            met: facts.beliefs.len(),
            name: name.to_owned(),
            overcome: overcome.collect(),
            to: days.1,
        }
    }

    /// Ids of all exercises that passed.
    pub fn passed(&self) -> impl Iterator<Item = &str> {
        let lessons = self.lessons.iter();
        lessons.flat_map(|lesson| lesson.passed.iter().map(String::as_str))
    }
}

/// The side whose signature stands in a file.
pub struct Side {
    /// Opens the comment with the signature.
    mark: &'static str,
    /// Signed before the page: the signature of one side is worth nothing as that of the other.
    purpose: &'static str,
}

/// The learner, whose key is the one that is bound to the name in the class.
pub const LEARNER: Side = Side {
    mark: "<!-- signature of the learner\n",
    purpose: "certificate of a learner, version 1\n",
};
/// The class.
pub const CLASS: Side = Side {
    mark: "<!-- signature of the class\n",
    purpose: "certificate of a class, version 1\n",
};

/// The file: the page, and behind it the signature with `key` (PKCS #8).
///
/// # Errors
/// If the key is damaged.
pub fn write(content: &Content, side: &Side, key: &[u8]) -> Result<String> {
    let page = page(content)?;
    let (key, signature) = protocol::sign(key, format!("{}{page}", side.purpose).as_bytes())?;
    let mark = side.mark;
    Ok(format!(
        "{page}{mark}key: {key}\nsignature: {signature}\n-->\n"
    ))
}

/// The content of a file that `side` has signed, and the public key of the signature.
///
/// # Errors
/// A sentence about what does not fit.
pub fn read(file: &str, side: &Side) -> Result<(Content, String)> {
    let (page, signature) =
        file.split_once(side.mark)
            .with_context(|| match file.contains(LEARNER.mark) {
                true => "no class has signed this file; the teacher does with `class sign FILE`",
                false => "this is no certificate of this kind, or its end was cut off",
            })?;
    let parts = signature
        .strip_prefix("key: ")
        .and_then(|rest| rest.strip_suffix("\n-->\n"))
        .and_then(|rest| rest.split_once("\nsignature: "));
    let (key, signature) = parts.context("the file was changed: its signature is damaged")?;
    ensure!(
        protocol::is_signed(key, signature, format!("{}{page}", side.purpose).as_bytes()),
        "the file was changed after it was signed: the signature does not fit"
    );
    let json = page
        .split_once(JSON.0)
        .and_then(|(_, rest)| rest.split_once(JSON.1))
        .map(|(json, _)| json);
    let content = json.and_then(|json| serde_json::from_str(json).ok());
    let content = content.context("the content is none that this version of the program knows")?;
    Ok((content, key.to_owned()))
}

/// The content as lines for a terminal.
pub fn summary(content: &Content) -> String {
    let mut text = format!(
        "{}: {} passed, {} to {}\n",
        content.name,
        counted(content.passed().count(), "exercise"),
        content.from,
        content.to
    );
    for lesson in &content.lessons {
        let (passed, of) = (lesson.passed.len(), lesson.exercises);
        let _ = writeln!(text, "  {}: {passed} of {of}", lesson.title);
    }
    let _ = writeln!(
        text,
        "{} overcome of {} met",
        counted(content.overcome.len(), "belief"),
        content.met
    );
    for belief in &content.overcome {
        let _ = writeln!(text, "  {}", belief.words);
    }
    text
}

/// A text as HTML; what stands between backticks is code.
fn html(text: &str) -> String {
    let escaped = text
        .replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;");
    let mut parts = escaped.split('`');
    let mut out = parts.next().unwrap_or_default().to_owned();
    while let Some(code) = parts.next() {
        let _ = match parts.next() {
            Some(rest) => write!(out, "<code>{code}</code>{rest}"),
            None => write!(out, "`{code}"),
        };
    }
    out
}

fn page(content: &Content) -> Result<String> {
    // In JSON a `<` can only be a part of a text; as an escape it cannot end the element.
    let json = serde_json::to_string(content)?.replace('<', "\\u003c");
    let name = html(&content.name);
    let passed = counted(content.passed().count(), "exercise");
    let lines = content.overcome.len() + content.lessons.len();
    let size = match lines {
        0..=40 => "few",
        41..=90 => "many",
        91..=160 => "most",
        _ => "all",
    };
    let lessons: String = content
        .lessons
        .iter()
        .map(|lesson| {
            let (passed, of) = (lesson.passed.len(), lesson.exercises);
            format!("<li>{}: {passed} of {of}</li>\n", html(&lesson.title))
        })
        .collect();
    let beliefs: String = content
        .overcome
        .iter()
        .map(|belief| format!("<li>{}</li>\n", html(&belief.words)))
        .collect();
    let beliefs = match beliefs.as_str() {
        "" => "<p>None was met and overcome.</p>\n".to_owned(),
        beliefs => format!("<ul>\n{beliefs}</ul>\n"),
    };
    let (overcome, met) = (content.overcome.len(), content.met);
    let (from, to) = (html(&content.from), html(&content.to));
    let foot = foot(content);
    Ok(format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n\
         <title>Certificate: {name}</title>\n<style>\n{STYLE}</style>\n</head>\n<body class=\"{size}\">\n<main>\n\
         <p>Sockets to Services: a workbook about microservices in Rust</p>\n<h1>{name}</h1>\n\
         <p>has passed {passed}, from {from} to {to} by the clock of the learner’s machine.</p>\n\
         <h2>Beliefs overcome: {overcome} of {met} met</h2>\n\
         <p>Each of these sentences is wrong. An answer of the learner showed it, and the exercise passed afterwards.</p>\n{beliefs}\
         <h2>Exercises passed</h2>\n<ul>\n{lessons}</ul>\n{foot}</main>\n{}{json}{}\n</body>\n</html>\n",
        JSON.0, JSON.1,
    ))
}

/// What was verified and what was not: a certificate says both.
fn foot(content: &Content) -> String {
    let Some(class) = &content.class else {
        return "<footer>\n<p><strong>Not signed.</strong> The learner’s machine has written this page. \
                The teacher signs it with <code>cargo workbook class sign FILE</code>.</p>\n</footer>\n"
            .to_owned();
    };
    let (name, room, key) = (html(&class.name), html(&class.room), html(&class.key));
    let by = match class.name_confirmed {
        true => "The teacher has confirmed the name.",
        false => "The name is the learner’s name in the class.",
    };
    let (signed, first, last) = (
        html(&class.signed),
        html(&class.arrived.0),
        html(&class.arrived.1),
    );
    format!(
        "<footer>\n<p><strong>Signed on {signed} by the class “{name}”</strong> (room {room}), key <code>{key}</code>.</p>\n\
         <p>Verified: the results that this learner’s machine has sent to the class (they arrived from {first} to {last}) \
         have each exercise and belief of this page. {by}</p>\n\
         <p>Not verified: who wrote the answers, and with what help. The work was practice on the learner’s own machine, \
         not an exam.</p>\n\
         <p>To verify the file of this page: <code>cargo workbook class verify FILE --key {key}</code>. \
         Take the key from the teacher, not from here.</p>\n</footer>\n"
    )
}
