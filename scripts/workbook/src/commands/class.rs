//! `class`: builds the program for a class on one laptop, and hands the terminal over to it.

use std::ffi::OsString;
use std::process::{Command as Process, ExitCode};

use anyhow::{Result, bail};

use super::wire::hand_over;
use super::{Command, course};
use crate::judge::build::Place;
use crate::peer::build_program;
use crate::words;

/// The command `class`.
pub const COMMAND: Command = Command {
    name: "class",
    about: "a class on one laptop: the teacher's board, and what a learner sends to it",
    // The text of the program itself, which is not built for it.
    help: include_str!("../../../class/help.txt"),
    run,
};

fn run(mut arguments: lexopt::Parser) -> Result<ExitCode> {
    start(arguments.raw_args()?)
}

/// Builds the program and becomes it. With `--release` among the arguments it is optimized: worth its longer build for
/// the server of a large class, and for nothing else.
pub(super) fn start(arguments: impl IntoIterator<Item = OsString>) -> Result<ExitCode> {
    let (release, arguments): (Vec<OsString>, Vec<OsString>) = arguments
        .into_iter()
        .partition(|argument| argument == "--release");
    let more: &[&str] = if release.is_empty() {
        &[]
    } else {
        &["--release"]
    };
    let course = course()?;
    let Some(program) = build_program(&Place::home(&course.root), "class", more)? else {
        bail!("{}", words::CLASS_NOT_BUILT);
    };
    let mut command = Process::new(program);
    command.args(arguments);
    hand_over(command)
}
