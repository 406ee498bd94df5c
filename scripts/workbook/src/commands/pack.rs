//! `pack`: builds the book, and hands over to the program that writes the bundle for a class without internet.

use std::process::{Command as Process, ExitCode};

use anyhow::{Context, Result, bail};
use lexopt::prelude::*;

use super::wire::hand_over;
use super::{Command, course};
use crate::book::build;
use crate::doctor;

/// See the file.
pub const COMMAND: Command = Command {
    name: "pack",
    about: "one folder with all that a class needs without internet; for teachers",
    help: "\
Usage: cargo workbook pack [--to FOLDER] [--archive] [--toolchain FOLDER] [--python VERSION]...
                           [--without PART]...

Writes a folder with the repository as it is committed (no answer and no record of yours), all
crates as a local registry of Cargo, the built book, Consul, Redis and etcd as this machine has them
and as far as their licences allow, the Python packages of the peers, and a script, `start`. A
learner copies the folder and runs ./start: no network, no account.

  --to FOLDER         the folder, which must not exist; without it, target/sockets-to-services
  --archive           FOLDER.tar as well, one file
  --toolchain FOLDER  files to add, such as Rust's standalone installer for Linux,
                      rust-VERSION-x86_64-unknown-linux-gnu.tar.xz, which ./start then uses
  --python VERSION    the learners' Python, such as 3.13; without it, this machine's
  --without PART      leave out: book, servers or wheels

It needs git, Python 3.11 or newer, and the internet for what is not in the caches of cargo and pip.
Exit code: 0 if the bundle is whole; else no such folder is left.

Example: cargo workbook pack --to /media/stick/sockets --toolchain ~/Downloads/rust
",
    run,
};

fn run(mut arguments: lexopt::Parser) -> Result<ExitCode> {
    let mut passed_on = Vec::new();
    while let Some(argument) = arguments.next()? {
        match argument {
            Long("archive") => passed_on.push("--archive".into()),
            Long(name @ ("to" | "toolchain" | "python" | "without")) => {
                passed_on.push(format!("--{name}").into());
                passed_on.push(arguments.value()?);
            }
            other => return Err(other.unexpected().into()),
        }
    }
    let root = course()?.root;
    let python = doctor::program("PYTHON", "python3");
    let recent = Process::new(&python)
        .args(["-c", "import tomllib"])
        .output();
    if !recent.is_ok_and(|output| output.status.success()) {
        bail!(
            "{} is missing, or older than 3.11: `cargo workbook doctor` says how to get it",
            python.display()
        );
    }
    build::ensure(&root, || eprintln!("Building the book ..."))
        .context("the book cannot be built")?;
    let mut command = Process::new(python);
    // No compiled Python beside the sources.
    command.env("PYTHONDONTWRITEBYTECODE", "1");
    command
        .arg(root.join("scripts/pack"))
        .arg("--book")
        .arg(build::dir(&root));
    command.args(passed_on);
    hand_over(command)
}
