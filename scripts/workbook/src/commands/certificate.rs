//! `certificate`: writes what the record says into a file that a teacher can sign. The program of the class does it,
//! because the file is signed with the key that binds the learner to a class.

use std::ffi::OsString;
use std::process::ExitCode;

use anyhow::Result;

use super::{Command, class};

/// The command `certificate`.
pub const COMMAND: Command = Command {
    name: "certificate",
    about: "a file with your passed exercises and the beliefs you overcame, for a teacher to sign",
    help: "\
Usage: cargo workbook certificate [--name NAME] [--to FILE]

Writes a page that prints on one sheet: the exercises that passed, lesson by lesson, the beliefs
that your answers have shown and that you overcame, and the first and the last day. It has no code.
It needs no network and no class. Your name is the one in the class, unless --name gives another.

The page is not signed by a class. A teacher signs it with `cargo workbook class sign FILE` if the
class has the same results; `cargo workbook class verify FILE` then checks it.

Example: cargo workbook certificate --name \"Ada Lovelace\"
",
    run,
};

fn run(mut arguments: lexopt::Parser) -> Result<ExitCode> {
    let first = std::iter::once(OsString::from("certificate"));
    class::start(first.chain(arguments.raw_args()?))
}
