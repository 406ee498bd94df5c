//! The program behind `cargo workbook services`.

mod cluster;
mod http;
mod ports;
mod signals;

use std::process::ExitCode;

use anyhow::{Result, bail};

const HELP: &str = "\
Servers for lessons in two terminals.

Usage: cargo workbook services cluster consul [options]
";

#[tokio::main]
async fn main() -> ExitCode {
    match dispatch().await {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::from(2)
        }
    }
}

async fn dispatch() -> Result<ExitCode> {
    let mut arguments: Vec<_> = std::env::args_os().skip(1).collect();
    let command = match arguments.is_empty() {
        true => "--help".into(),
        false => arguments.remove(0),
    };
    let command = command.to_string_lossy().into_owned();
    let help = arguments
        .iter()
        .any(|word| word == "--help" || word == "-h");
    let arguments = lexopt::Parser::from_args(arguments);
    match command.as_str() {
        "-h" | "--help" | "help" => print!("{HELP}"),
        "cluster" if help => print!("{}", cluster::HELP),
        "cluster" => return cluster::run(arguments).await,
        other => bail!("there is no `services {other}`; `cargo workbook services --help`"),
    }
    Ok(ExitCode::SUCCESS)
}
