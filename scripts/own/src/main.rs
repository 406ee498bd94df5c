//! `own judge` judges stages of one service; `own verify` judges the references and the wrong services.
//! Learners reach both by `cargo workbook own`.

use std::path::PathBuf;
use std::process::ExitCode;
use std::thread;

use anyhow::{Result, bail};
use lexopt::prelude::*;

use own::order::Order;
use own::stages::{self, LIMIT, Outcome};
use own::{service, verify};

const HELP: &str = "\
Usage: own judge --stage N [--earlier] [--folder DIR] [-- PROGRAM ARG...]
       own verify [--stage N]

  judge      starts the service and judges stage N; one line of JSON for each stage judged
  --earlier  then also the stages before N, until one fails
  --folder   the folder with own.toml; my-service by default
  PROGRAM    a program in place of own.toml
  verify     every stage against the reference answers and the wrong services
";

fn main() -> ExitCode {
    match run() {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(e) => {
            eprintln!("error: {e:#}");
            ExitCode::from(2)
        }
    }
}

fn run() -> Result<bool> {
    let (mut what, mut stage, mut earlier) = (None, None, false);
    let (mut folder, mut program) = (PathBuf::from("my-service"), Vec::new());
    let mut arguments = lexopt::Parser::from_env();
    while let Some(argument) = arguments.next()? {
        match argument {
            Long("help") | Short('h') => {
                print!("{HELP}");
                return Ok(true);
            }
            Long("stage") => stage = Some(arguments.value()?.parse::<usize>()?),
            Long("earlier") => earlier = true,
            Long("folder") => folder = arguments.value()?.into(),
            Value(word) if what.is_none() => what = Some(word.string()?),
            Value(word) => {
                program.push(word.string()?);
                for word in arguments.raw_args()? {
                    program.push(word.string()?);
                }
            }
            other => return Err(other.unexpected().into()),
        }
    }
    match what.as_deref() {
        Some("judge") => {
            let Some(stage) = stage else {
                bail!("--stage is missing\n{HELP}");
            };
            let order = if program.is_empty() {
                Order::read(&folder)?
            } else {
                Order {
                    build: Vec::new(),
                    start: program,
                    folder: std::env::current_dir()?,
                }
            };
            judge(&order, stage, earlier)
        }
        Some("verify") => verify::run(stage),
        _ => bail!("{HELP}"),
    }
}

fn judge(order: &Order, stage: usize, earlier: bool) -> Result<bool> {
    let before = if earlier { 1..stage } else { 0..0 };
    for number in std::iter::once(stage).chain(before) {
        let id = stages::all()?
            .get(number.wrapping_sub(1))
            .map(|stage| stage.id.clone())
            .unwrap_or_default();
        let (done, watched) = std::sync::mpsc::channel::<()>();
        let guard = thread::spawn(move || {
            if watched.recv_timeout(LIMIT) == Err(std::sync::mpsc::RecvTimeoutError::Timeout) {
                service::end_all();
                tell(&late(number, id));
                std::process::exit(1);
            }
        });
        let outcome = stages::run(order, number)?;
        drop(done);
        let _ = guard.join();
        tell(&outcome);
        if !outcome.passed {
            return Ok(false);
        }
    }
    Ok(true)
}

fn late(stage: usize, id: String) -> Outcome {
    Outcome {
        stage,
        id,
        passed: false,
        timed_out: true,
        seconds: LIMIT.as_secs_f64(),
        message: format!(
            "The stage was not done after {} s\n→ The service answers too slowly, or keeps a connection open that \
             has to end.",
            LIMIT.as_secs()
        ),
        belief: None,
    }
}

fn tell(outcome: &Outcome) {
    if let Ok(line) = serde_json::to_string(outcome) {
        println!("{line}");
    }
}
