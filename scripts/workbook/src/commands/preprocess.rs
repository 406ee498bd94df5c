//! `preprocess`: what plain mdBook starts to expand the directives of the chapters.

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result};
use lexopt::prelude::*;
use mdbook_driver::book::Book;
use mdbook_driver::config::Config;
use serde::Deserialize;

use super::{Command, text};
use crate::book;
use crate::course::Course;

/// See the file.
pub const COMMAND: Command = Command {
    name: "preprocess",
    about: "expands the book's directives for plain mdBook (book.toml names it)",
    help: "\
Usage: cargo workbook preprocess                     mdBook's JSON on standard input, the book on
                                                     standard output
       cargo workbook preprocess supports RENDERER   exit code 0 if pages can be made for it

`mdbook serve book` starts this by itself.

Example: cargo workbook preprocess supports html
",
    run,
};

/// What of mdBook's context is needed here.
#[derive(Deserialize)]
struct FromMdBook {
    root: PathBuf,
    config: Config,
}

fn run(mut arguments: lexopt::Parser) -> Result<ExitCode> {
    match arguments.next()? {
        None => {}
        Some(Value(word)) if word == "supports" => {
            let renderer = text(arguments.value()?)?;
            return Ok(ExitCode::from(u8::from(renderer != "html")));
        }
        Some(other) => return Err(other.unexpected().into()),
    }
    let (context, mut book): (FromMdBook, Book) = serde_json::from_reader(std::io::stdin().lock())
        .context("standard input is not what mdBook sends to a preprocessor")?;
    let course = Course::find(&context.root)?;
    let src = context.root.join(&context.config.book.src);
    book::preprocess(&course, &src, &mut book)?;
    let mut out = std::io::stdout().lock();
    serde_json::to_writer(&mut out, &book)?;
    out.flush()?;
    Ok(ExitCode::SUCCESS)
}
