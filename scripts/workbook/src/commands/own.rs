//! `own`: a service of the learner's own, judged from outside, stage by stage.

use std::process::ExitCode;

use anyhow::{Result, bail};
use lexopt::prelude::*;

use super::wire::hand_over;
use super::{Command, course, exit, text};
use crate::judge::build::Place;
use crate::own::{self, Language, Own};
use crate::peer::build_program;
use crate::style::Style;

/// The command `own`.
pub const COMMAND: Command = Command {
    name: "own",
    about: "your own service in any language: made, and judged from outside stage by stage",
    help: "\
Usage: cargo workbook own [--lang rust|go|python]
       cargo workbook own list
       cargo workbook own check [STAGE] [--plain]
       cargo workbook own watch [STAGE] [--plain]

Without a word, it makes the folder my-service/: a small program, and own.toml, which says how the
service is built and started. A folder that exists is left as it is. What each stage wants stands
on the page \"Your own service\" of the book.

  --lang   what the service is written in: rust (the default), go or python
  list     the stages, and which have passed
  check    builds and starts the service, judges STAGE (a number, or an id) and then all stages
           before it; without STAGE, the first that is open
  watch    the same again whenever a file of the service is saved; Ctrl-C ends it
  verify   for contributors: the judge against the reference answers and the wrong services

Exit code of check: 0 if all passed, 1 if not, 2 if something else went wrong.

Example: cargo workbook own
         cargo workbook own check 1
",
    run,
};

fn run(mut arguments: lexopt::Parser) -> Result<ExitCode> {
    let (mut what, mut stage, mut language, mut plain) = (None, None, Language::Rust, false);
    while let Some(argument) = arguments.next()? {
        match argument {
            Long("lang") => language = text(arguments.value()?)?.parse()?,
            Long("plain") => plain = true,
            Value(word) if what.is_none() => {
                let word = text(word)?;
                if word == "verify" {
                    return verify(arguments);
                }
                what = Some(word);
            }
            Value(word) if stage.is_none() => stage = Some(text(word)?),
            other => return Err(other.unexpected().into()),
        }
    }
    let own = Own::new(course()?.root);
    let style = Style::of_stdout(plain);
    match what.as_deref() {
        None => {
            print!("{}", own.make(language)?);
            Ok(ExitCode::SUCCESS)
        }
        Some("list") => {
            print!("{}", own.list(style));
            Ok(ExitCode::SUCCESS)
        }
        Some("check") => Ok(exit(own.check(stage.as_deref(), style)?)),
        Some("watch") => own::watch(&own, stage.as_deref(), style),
        Some(other) => bail!("`{other}` is not known: list, check or watch"),
    }
}

fn verify(mut arguments: lexopt::Parser) -> Result<ExitCode> {
    let root = course()?.root;
    let Some(program) = build_program(&Place::home(&root), "own", &[])? else {
        bail!("{}", crate::words::OWN_NOT_BUILT);
    };
    let mut command = std::process::Command::new(program);
    command
        .current_dir(root)
        .arg("verify")
        .args(arguments.raw_args()?);
    hand_over(command)
}
