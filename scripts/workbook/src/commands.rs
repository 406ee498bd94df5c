//! The commands: what each is for, and how its arguments are read. One file a command.

pub mod beliefs;
pub mod carry;
pub mod certificate;
pub mod check;
pub mod class;
pub mod doctor;
pub mod hint;
pub mod list;
pub mod minutes;
pub mod mistake;
pub mod new;
pub mod own;
pub mod pack;
pub mod peer;
pub mod preprocess;
pub mod reset;
pub mod services;
pub mod solution;
pub mod start;
pub mod update;
pub mod verify;
pub mod watch;
pub mod wire;

use std::ffi::OsString;
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use lexopt::prelude::*;

use crate::course::{Course, Exercise};
use crate::store::Store;
use crate::words;

/// One command: its name, one line about it, its usage with an example, and what runs it.
pub struct Command {
    /// What the learner types.
    pub name: &'static str,
    /// One line for the list.
    pub about: &'static str,
    /// Arguments, options and an example.
    pub help: &'static str,
    /// Runs it with the arguments after the name.
    pub run: fn(lexopt::Parser) -> Result<ExitCode>,
}

/// All commands, in the order in which `--help` lists them.
pub const COMMANDS: &[Command] = &[
    start::COMMAND,
    list::COMMAND,
    check::COMMAND,
    watch::COMMAND,
    hint::COMMAND,
    solution::COMMAND,
    reset::RESET,
    reset::UNDO,
    beliefs::COMMAND,
    update::COMMAND,
    carry::COMMAND,
    wire::COMMAND,
    peer::COMMAND,
    services::COMMAND,
    own::COMMAND,
    class::COMMAND,
    certificate::COMMAND,
    new::COMMAND,
    pack::COMMAND,
    doctor::COMMAND,
    verify::COMMAND,
    minutes::COMMAND,
    mistake::COMMAND,
    preprocess::COMMAND,
];

/// Runs what the command line asks for; without a command, `start`.
pub fn main(arguments: Vec<OsString>) -> ExitCode {
    match dispatch(arguments) {
        Ok(code) => code,
        Err(e) => {
            eprintln!("error: {e:#}");
            ExitCode::from(2)
        }
    }
}

fn dispatch(mut arguments: Vec<OsString>) -> Result<ExitCode> {
    let first = arguments
        .first()
        .and_then(|first| first.to_str())
        .unwrap_or("start")
        .to_owned();
    if matches!(first.as_str(), "--help" | "-h" | "help") {
        print!("{}", overview());
        return Ok(ExitCode::SUCCESS);
    }
    if matches!(first.as_str(), "--version" | "-V") {
        println!("workbook {}", env!("CARGO_PKG_VERSION"));
        return Ok(ExitCode::SUCCESS);
    }
    // `cargo run -- --port 4000` means `start`.
    let name = if first.starts_with('-') {
        "start"
    } else {
        first.as_str()
    };
    let Some(command) = COMMANDS.iter().find(|command| command.name == name) else {
        bail!("there is no command `{name}`; `cargo workbook --help` lists them");
    };
    if arguments.first().is_some_and(|given| given == name) {
        arguments.remove(0);
    }
    if arguments
        .iter()
        .any(|argument| argument == "--help" || argument == "-h")
    {
        print!("{}\n\n{}", command.about, command.help);
        return Ok(ExitCode::SUCCESS);
    }
    (command.run)(lexopt::Parser::from_args(arguments))
        .with_context(|| format!("cargo workbook {name}"))
}

fn overview() -> String {
    let mut text = String::from(
        "Sockets to Services: a workbook about microservices in Rust.\n\n\
         Usage: cargo run                    the book in the browser, exercises in the terminal\n\
         \x20      cargo workbook COMMAND       one of these; each has --help with an example\n\n",
    );
    for command in COMMANDS {
        text.push_str(&format!("  {:<11} {}\n", command.name, command.about));
    }
    text
}

/// The course around the current folder, with an `exercise.rs` for each exercise.
///
/// # Errors
/// The reason, in words, why there is none.
pub fn course() -> Result<Course> {
    let here = std::env::current_dir().context("there is no current folder")?;
    let course = Course::find(&here)?;
    match Store::new(&course.root).prepare(&course) {
        Ok(followed) => followed
            .iter()
            .for_each(|done| eprintln!("{}", words::followed(done))),
        Err(e) => eprintln!("{}", words::not_prepared(&e)),
    }
    Ok(course)
}

/// Reads a command line that has nothing but switches: which of `names` stand on it.
fn switches<const N: usize>(mut arguments: lexopt::Parser, names: [&str; N]) -> Result<[bool; N]> {
    let mut on = [false; N];
    while let Some(argument) = arguments.next()? {
        match &argument {
            Long(given) if names.contains(given) => {
                names
                    .iter()
                    .zip(&mut on)
                    .for_each(|(name, on)| *on |= name == given);
            }
            _ => return Err(argument.unexpected().into()),
        }
    }
    Ok(on)
}

/// Reads a command line that has one word at most.
fn one_word(mut arguments: lexopt::Parser) -> Result<Option<String>> {
    let mut word = None;
    while let Some(argument) = arguments.next()? {
        match argument {
            Value(value) if word.is_none() => word = Some(text(value)?),
            other => return Err(other.unexpected().into()),
        }
    }
    Ok(word)
}

/// The exercise that a command is about; `usual` is how the command is called.
fn named<'a>(course: &'a Course, id: Option<&str>, usual: &str) -> Result<&'a Exercise> {
    let id =
        id.with_context(|| format!("which exercise? For example: cargo workbook {usual} frames"))?;
    Ok(course.exercise(id)?)
}

/// The exit code of a command: whether all is as it should be.
fn exit(good: bool) -> ExitCode {
    ExitCode::from(u8::from(!good))
}

/// The one name that a command takes, as text.
///
/// # Errors
/// A sentence with the usage if the argument is not text.
pub fn text(value: OsString) -> Result<String> {
    value
        .into_string()
        .map_err(|odd| anyhow::anyhow!("{} is no name", odd.display()))
}
