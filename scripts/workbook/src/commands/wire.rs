//! `wire`: builds the view on the wire and hands the terminal over to it.

use std::process::ExitCode;

use anyhow::{Context, Result};

use super::{Command, course};
use crate::judge::build::Place;
use crate::judge::build::cargo;

/// See the file.
pub const COMMAND: Command = Command {
    name: "wire",
    about: "see what crosses the wire between a client and a server",
    help: "\
Usage: cargo workbook wire --listen A --to B [--as VIEW] [--json] [--plain]
                           [--chaos split,delay=50ms,cut-after=N,half-close]

Sits between a client and a server, forwards every byte untouched and prints both directions. VIEW
is bytes, lines, frames, json-rpc, protobuf, http, grpc or resp (Redis). All options and their
meaning: cargo run --package wire -- --help

Example, with the server of lesson 01 on port 8080 and its client sent to 9090:
  cargo workbook wire --listen 127.0.0.1:9090 --to 127.0.0.1:8080 --as lines
",
    run,
};

fn run(mut arguments: lexopt::Parser) -> Result<ExitCode> {
    let course = course()?;
    let here = std::env::current_dir()?;
    let mut command = cargo(&Place::home(&course.root));
    command
        .current_dir(here)
        .args(["run", "--package", "wire", "--"])
        .args(arguments.raw_args()?);
    hand_over(command)
}

/// Becomes the other program, so that keys and signals reach it and nobody else.
#[cfg(unix)]
pub(super) fn hand_over(mut command: std::process::Command) -> Result<ExitCode> {
    use std::os::unix::process::CommandExt;
    Err(command.exec()).with_context(|| format!("cannot start {}", command.get_program().display()))
}

#[cfg(not(unix))]
pub(super) fn hand_over(mut command: std::process::Command) -> Result<ExitCode> {
    let status = command
        .status()
        .with_context(|| format!("cannot start {}", command.get_program().display()))?;
    Ok(super::exit(status.success()))
}
