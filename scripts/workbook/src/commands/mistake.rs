//! `mistake`: makes a known mistake out of the text that now stands in `exercise.rs`.

use std::fs;
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use lexopt::prelude::*;

use super::{Command, course, text};
use crate::course::{Base, Belief, Course, Exercise, Mistake, TIMED_OUT, change, file_text};
use crate::judge::build::Place;
use crate::judge::process::Cancel;
use crate::judge::{self, rejects};
use crate::text::without_colours;
use crate::verdict::{Status, Verdict};

/// The command `mistake`, for those who write exercises.
pub const COMMAND: Command = Command {
    name: "mistake",
    about: "keep the wrong answer in exercise.rs as a known mistake, for those who write exercises",
    help: "\
Usage: cargo workbook mistake ID --name SLUG [--words \"...\"] [--says \"...\"]

  --name SLUG  the belief behind the answer: lower-case words with hyphens, one-write-is-one-read
  --words      the belief in words: \"One write is one read.\" A slug that the course has already
               has its words already
  --says       words that the message of the rejection must contain; without it, words from the
               advice of the verdict: read whether they fit this mistake only

Judges what stands in exercise.rs, takes the check that rejects it from the verdict, and writes the
next file in mistakes/: these words, and a small change of solution.rs or stub.rs, whichever is
smaller. exercise.rs stays as it is, and nothing is recorded.

Example: cargo workbook mistake frames --name one-write-is-one-read --words \"One write is one read.\"
",
    run,
};

fn run(mut arguments: lexopt::Parser) -> Result<ExitCode> {
    let (mut id, mut name, mut words, mut says) = (None, None, None, None);
    while let Some(argument) = arguments.next()? {
        match argument {
            Long("name") => name = Some(text(arguments.value()?)?),
            Long("words") => words = Some(text(arguments.value()?)?),
            Long("says") => says = Some(text(arguments.value()?)?),
            Value(value) if id.is_none() => id = Some(text(value)?),
            other => return Err(other.unexpected().into()),
        }
    }
    let course = course()?;
    let (Some(id), Some(slug)) = (id, name) else {
        bail!("which exercise, and which belief? See cargo workbook mistake --help")
    };
    let exercise = course.exercise(&id)?;
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if slug.is_empty() || !slug.chars().all(plain) {
        bail!("--name takes lower-case words with hyphens, not `{slug}`");
    }
    let belief = Belief {
        words: words_for(&course, &slug, words)?,
        slug,
    };
    let known = Mistake::all(&course.root, exercise)?;
    let home = Place::home(&course.root);
    let verdict = judge::check(&home, exercise, &Cancel::default(), &mut |_| {})?;
    let (check, suggested) = rejection(exercise, &verdict)?;
    let says = says.unwrap_or(suggested);

    let answer = String::from_utf8(verdict.answer.clone()).context("exercise.rs is not text")?;
    let (of, change) = smaller(&course, exercise, &answer)?;
    let number = known.iter().filter_map(number).max().unwrap_or(0) + 1;
    let name = format!("{number}_{}.diff", belief.slug.replace('-', "_"));
    let file = exercise.mistakes_dir().join(name);
    let written = file_text(&belief, &check, &says, of, &change);
    fs::create_dir_all(course.path(&exercise.mistakes_dir()))?;
    fs::write(course.path(&file), &written)
        .with_context(|| format!("cannot write {}", file.display()))?;

    println!("{}:\n\n{written}", file.display());
    if !rejects(&Mistake::read(&course.root, file)?, &verdict) {
        println!(
            "note: the message does not contain these words; it says:\n{}",
            verdict.message
        );
    }
    if let Some(first) = known.iter().find(|mistake| rejects(mistake, &verdict)) {
        println!(
            "note: {} announces the same rejection, so a verdict names its belief, `{}`",
            first.file.display(),
            first.belief.slug
        );
    }
    println!("Prove it: cargo workbook verify {}", exercise.id);
    Ok(ExitCode::SUCCESS)
}

/// The words of the belief `slug`: those given, or those that the course has for it.
fn words_for(course: &Course, slug: &str, given: Option<String>) -> Result<String> {
    let mut known = None;
    for exercise in course.exercises() {
        let of_mistakes = Mistake::all(&course.root, exercise)?;
        known = of_mistakes
            .into_iter()
            .map(|mistake| mistake.belief)
            .chain([exercise.belief.clone()])
            .find(|belief| belief.slug == slug)
            .or(known);
    }
    match (given, known) {
        (Some(words), Some(known)) if words != known.words => {
            bail!("the course has other words for `{slug}`: {}", known.words)
        }
        (Some(words), _) => Ok(words),
        (None, Some(known)) => Ok(known.words),
        (None, None) => bail!("`{slug}` is new: give the belief in --words"),
    }
}

/// The check that rejects the answer, and some words of its message.
fn rejection(exercise: &Exercise, verdict: &Verdict) -> Result<(String, String)> {
    match (verdict.status, &verdict.check) {
        (Status::Passed, _) => bail!("the answer to {} passes: it is no mistake", exercise.id),
        (Status::CompileError, _) => bail!(
            "it does not compile, and no check rejects that:\n{}",
            without_colours(&verdict.message)
        ),
        (Status::TimedOut, _) => Ok((TIMED_OUT.to_owned(), "did not finish".to_owned())),
        (Status::Failed, Some(check)) => Ok((check.clone(), distinctive(&verdict.message))),
        (Status::Failed, None) => bail!("no test rejected it: {}", verdict.message),
    }
}

/// Words of the advice (or of the whole message) that hold no number and no quoted value: up to eight of them.
fn distinctive(message: &str) -> String {
    let advice = message
        .split_once('→')
        .map_or(message, |(_, advice)| advice);
    let odd = |word: &&str| word.contains(|c: char| c.is_ascii_digit() || "\"`{}".contains(c));
    let words: Vec<&str> = advice.split_whitespace().collect();
    let longest = words
        .split(odd)
        .max_by_key(|run| run.len().min(8))
        .unwrap_or_default();
    longest[..longest.len().min(8)].join(" ")
}

/// The base of which `answer` is the smaller change, and the change.
fn smaller(course: &Course, exercise: &Exercise, answer: &str) -> Result<(Base, String)> {
    let change_of = |base: Base| -> Result<(usize, Base, String)> {
        let file = base.file(exercise);
        let text = fs::read_to_string(course.path(&file))
            .with_context(|| format!("cannot read {}", file.display()))?;
        let change = change::make(&text, &with_the_head_of(&text, answer));
        let size = change
            .lines()
            .filter(|line| line.starts_with(['-', '+']))
            .count();
        Ok((size, base, change))
    };
    let (solution, stub) = (change_of(Base::Solution)?, change_of(Base::Stub)?);
    let (_, base, change) = if stub.0 < solution.0 { stub } else { solution };
    Ok((base, change))
}

/// `answer` under the `//!` lines of `base`: that the why of the solution is missing is not what is wrong.
fn with_the_head_of(base: &str, answer: &str) -> String {
    let head: Vec<&str> = base
        .lines()
        .take_while(|line| line.starts_with("//!"))
        .collect();
    if head.is_empty() || answer.starts_with("//!") {
        return answer.to_owned();
    }
    format!("{}\n\n{}", head.join("\n"), answer.trim_start())
}

/// The number that the name of a mistake's file begins with.
fn number(mistake: &Mistake) -> Option<u32> {
    let name = mistake.file.file_name()?.to_str()?;
    name.split('_').next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_suggested_words_hold_no_value() {
        let message = "A number\n  expected 42\n→ You sent 7 bytes: add it to itself, then \"x\".";
        assert_eq!(distinctive(message), "bytes: add it to itself, then");
        assert_eq!(distinctive("nothing odd"), "nothing odd");
    }

    #[test]
    fn the_why_of_the_solution_is_no_part_of_a_mistake() {
        let base = "//! Why.\n\nfn a() {}\n";
        assert_eq!(
            with_the_head_of(base, "fn b() {}\n"),
            "//! Why.\n\nfn b() {}\n"
        );
        assert_eq!(
            with_the_head_of("fn a() {}\n", "fn b() {}\n"),
            "fn b() {}\n"
        );
    }
}
