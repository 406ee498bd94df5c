//! Prints the small wrong programs that can be made of Rust files, one JSON object a line.
//!
//! ```text
//! $ cargo run -p mutants -- solution.rs
//! {"file":"solution.rs","function":"double","line":2,"change":"n * 2 -> n - 2","start":37,"end":38,"text":"-","item":[4,42]}
//! ```
//!
//! `start` and `end` are bytes of the file, and `text` takes their place; the rest of the file stays as it is. Whether
//! a change compiles is not known here: `cargo workbook verify --mutants` tries it, and runs the check of the exercise.

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result, bail};

mod find;
mod ops;
mod select;
mod statements;

/// One line of the output: the file as it was given, and a change of it.
#[derive(serde::Serialize)]
struct Line<'a> {
    file: &'a PathBuf,
    #[serde(flatten)]
    mutation: find::Mutation,
}

fn main() -> Result<ExitCode> {
    let files: Vec<PathBuf> = std::env::args_os().skip(1).map(PathBuf::from).collect();
    if files.is_empty() {
        bail!("usage: mutants FILE...");
    }
    let mut out = std::io::stdout().lock();
    for file in &files {
        let text = std::fs::read_to_string(file)
            .with_context(|| format!("cannot read {}", file.display()))?;
        let found = find::mutations(&text).with_context(|| file.display().to_string())?;
        for mutation in found {
            writeln!(out, "{}", serde_json::to_string(&Line { file, mutation })?)?;
        }
    }
    Ok(ExitCode::SUCCESS)
}
