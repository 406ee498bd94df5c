//! One test program for all answers of an exercise: linking is what takes the time, and 76 programs link faster
//! than 663.
//!
//! In the scratch copy each answer gets a folder `answer_N/` with the check (and what is given) and itself as
//! `exercise.rs`; `answers.rs` has them all as modules and takes the place of `check.rs` in the manifest. An answer is
//! run as a process of its own, with only the tests of its module.

use std::fmt::Write;
use std::fs;
use std::io;
use std::path::PathBuf;

use crate::course::{Course, Exercise};
use crate::scratch::Overlay;

/// The file that holds all answers of an exercise, in its folder.
const ANSWERS: &str = "answers.rs";

/// The module of the answer with this number.
pub fn module(number: usize) -> String {
    format!("answer_{number}")
}

/// The folder of the answer with this number, relative to the course.
pub fn dir(exercise: &Exercise, number: usize) -> PathBuf {
    exercise.dir.join(module(number))
}

/// The file whose modules are the answers, relative to the course.
pub fn main_file(exercise: &Exercise) -> PathBuf {
    exercise.dir.join(ANSWERS)
}

/// The text of [`main_file`] for these answers. Clippy sees only the first `tidy` ones: mistakes may be as untidy as a
/// learner's.
pub fn main_text(numbers: impl IntoIterator<Item = usize>, tidy: usize) -> String {
    let mut text = String::from("//! Answers of one exercise, for `verify`.\n");
    for number in numbers {
        let name = module(number);
        if number >= tidy {
            text.push_str("#[cfg(not(clippy))]\n");
        }
        // Writing to a String does not fail.
        let _ = writeln!(text, "#[path = \"{name}/check.rs\"]\nmod {name};");
    }
    text
}

/// Adds to `overlay` the files for these answers of `exercise`, in the order of their numbers.
///
/// # Errors
/// What the system says when the check cannot be read.
pub fn add(
    overlay: &mut Overlay,
    course: &Course,
    exercise: &Exercise,
    answers: &[&str],
    tidy: usize,
) -> io::Result<()> {
    let check = fs::read_to_string(course.path(&exercise.check()))?;
    let given = fs::read_to_string(course.path(&exercise.given())).ok();
    for (number, answer) in answers.iter().enumerate() {
        let dir = dir(exercise, number);
        overlay.insert(dir.join("check.rs"), check.clone());
        overlay.insert(dir.join("exercise.rs"), (*answer).to_owned());
        overlay.extend(given.clone().map(|given| (dir.join("given.rs"), given)));
    }
    overlay.insert(main_file(exercise), main_text(0..answers.len(), tidy));
    let manifest = PathBuf::from("lessons")
        .join(&exercise.lesson)
        .join("Cargo.toml");
    let text = match overlay.remove(&manifest) {
        Some(text) => text,
        None => fs::read_to_string(course.path(&manifest))?,
    };
    let folder = format!("\"exercises/{}/", exercise.id);
    let text = text.replace(
        &format!("{folder}check.rs\""),
        &format!("{folder}{ANSWERS}\""),
    );
    overlay.insert(manifest, text);
    Ok(())
}
