//! `watch`: one exercise in the terminal, checked again each time it is saved.

use std::process::ExitCode;

use anyhow::Result;
use lexopt::prelude::*;

use super::{Command, course, text};
use crate::session::Session;
use crate::watch;

/// See the file.
pub const COMMAND: Command = Command {
    name: "watch",
    about: "check an exercise each time you save it",
    help: "\
Usage: cargo workbook watch [ID | LESSON] [--poll] [--plain]

  ID       an exercise, by name (frames) or number (1.3); without it, the next that is open
  LESSON   the next open exercise of a lesson: 01-tcp, or 1
  --poll   look at the files ten times a second; for folders where no event tells of a save
           (some network drives, containers and virtual machines)
  --plain  lines only, no colour, no marks, nothing drawn over: for a screen reader

Keys work at any moment, also while a check runs: n next, h hint, l list, c check all, x reset
(and u to undo it), v full output, ? all keys, q quit. Saving another exercise goes over to it.
Without a keyboard it goes on until its input ends or it is ended.

Example: cargo workbook watch frames
",
    run,
};

fn run(mut arguments: lexopt::Parser) -> Result<ExitCode> {
    let mut options = watch::Options::default();
    while let Some(argument) = arguments.next()? {
        match argument {
            Long("poll") => options.poll = true,
            Long("plain") => options.plain = true,
            Value(value) if options.id.is_none() => options.id = Some(text(value)?),
            other => return Err(other.unexpected().into()),
        }
    }
    let session = Session::open(course()?);
    let news = session.listen();
    watch::run(session, news, options)
}
