//! `carry`: takes the record and the texts to another computer.

use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use lexopt::prelude::*;

use super::{Command, course};
use crate::course::Course;
use crate::store::{Came, Carried, Store, write_atomically};
use crate::text::many;

/// Larger files are no record of a learner.
const LARGEST: u64 = 64 << 20;

/// See the file.
pub const COMMAND: Command = Command {
    name: "carry",
    about: "take your record and texts to another computer",
    help: "\
Usage: cargo workbook carry out FILE
       cargo workbook carry in FILE

  out FILE  writes the record, your answers, the texts that are kept for `undo`, and the sources of
            my-service/ into FILE (JSON, readable)
  in FILE   adds what FILE has and this workbook has not. Nothing is replaced: where an exercise has
            another text here, the one of FILE is kept, and `cargo workbook undo ID` brings it.
            Reading FILE again changes nothing

Example: cargo workbook carry out my-work.json
",
    run,
};

fn run(mut arguments: lexopt::Parser) -> Result<ExitCode> {
    let mut words: Vec<PathBuf> = Vec::new();
    while let Some(argument) = arguments.next()? {
        match argument {
            Value(value) if words.len() < 2 => words.push(value.into()),
            other => return Err(other.unexpected().into()),
        }
    }
    let course = course()?;
    let store = Store::new(&course.root);
    match words.as_slice() {
        [way, file] if way.as_os_str() == "out" => out(&course, &store, file)?,
        [way, file] if way.as_os_str() == "in" => {
            let came = read(&course, &store, file)?;
            print!("{}", said(&came, &course, file));
        }
        _ => bail!("say `carry out FILE` or `carry in FILE`; --help has an example"),
    }
    Ok(ExitCode::SUCCESS)
}

fn out(course: &Course, store: &Store, file: &Path) -> Result<()> {
    if file.exists() && fs::read(file).is_ok_and(|text| Carried::parse(&text).is_err()) {
        bail!(
            "{} is there already and holds something else; choose another name",
            file.display()
        );
    }
    let carried = store
        .carry_out(course)
        .context("cannot gather your texts")?;
    write_atomically(file, &carried.text())
        .with_context(|| format!("cannot write {}", file.display()))?;
    let (lines, answers, kept) = carried.counts();
    println!(
        "{} holds {} of your record, {} and {}.\n\
         On the other computer: cargo workbook carry in {}",
        file.display(),
        many(lines, "line"),
        many(answers, "answer"),
        many(kept, "kept text"),
        file.file_name().unwrap_or_default().display(),
    );
    Ok(())
}

fn read(course: &Course, store: &Store, file: &Path) -> Result<Came> {
    let mut text = Vec::new();
    let opened = fs::File::open(file).with_context(|| format!("cannot read {}", file.display()))?;
    opened.take(LARGEST + 1).read_to_end(&mut text)?;
    if text.len() as u64 > LARGEST {
        bail!(
            "{} is larger than {} MB: no file of `carry out`",
            file.display(),
            LARGEST >> 20
        );
    }
    let carried = Carried::parse(&text)
        .map_err(anyhow::Error::msg)
        .with_context(|| file.display().to_string())?;
    store
        .carry_in(course, &carried)
        .context("not all could be written; read the file again")
}

fn said(came: &Came, course: &Course, file: &Path) -> String {
    if *came == Came::default() {
        return format!(
            "All of {} was here already. Nothing was changed.\n",
            file.display()
        );
    }
    let mut text = format!(
        "New here: {} of the record, {}, {} and {}.\n",
        many(came.lines, "line"),
        many(came.answers.len(), "answer"),
        many(came.passed, "passed answer"),
        many(came.kept, "kept text"),
    );
    for id in &came.aside {
        text.push_str(&format!(
            "{id} has another text here, which stays. `cargo workbook undo {id}` exchanges it for the carried one.\n"
        ));
    }
    if came.service > 0 {
        text.push_str(&format!(
            "my-service/ is here, with {}.\n",
            many(came.service, "file")
        ));
    }
    if let Some(folder) = &came.service_aside {
        let folder = folder.strip_prefix(&course.root).unwrap_or(folder);
        text.push_str(&format!(
            "my-service/ has other files here, which stay. The carried ones are in {}/.\n",
            folder.display()
        ));
    }
    if came.damaged > 0 {
        text.push_str(&format!(
            "{} of the record could not be read.\n",
            many(came.damaged, "line")
        ));
    }
    text
}
