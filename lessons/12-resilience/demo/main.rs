//! The command line of lesson 12. Without an argument it tells the whole story in several processes;
//! `server` and `client` are for terminals, `measure` fills one row of the ladder.

mod ask;
mod demo;
mod fleet;
mod load;
mod measure;
mod options;
mod serve;

use std::io::{self, Write};
use std::process::ExitCode;

use anyhow::bail;
use lexopt::prelude::*;

use crate::ask::Ask;
use crate::options::Calling;
use crate::serve::Serve;

const HELP: &str = "\
Choose, and what to do when it fails: lesson 12 of Sockets to Services.

  cargo run -p l12-resilience                        the demo: three calculators, one of them sick
  cargo run -p l12-resilience -- server              a calculator, in one terminal
  cargo run -p l12-resilience -- client mul 25 4     25 * 4, in another; also: div 25 4, remember 5
  cargo run -p l12-resilience -- measure             what a call costs that is chosen and looked after

Options of server and client:
  --addr ADDR          where to listen, whom to call                       [127.0.0.1:8972]
Options of server:
  --name NAME          what it calls itself in its replies                 [arith- and its address]
  --sick HOW           slow=MS, failing (says UNAVAILABLE), losing (works, then says UNAVAILABLE),
                       refusing (accepts no connection)                    [it is well]
  --servers A,B,C      calculate nothing, ask these: one hop more          [it calculates]
  --quiet              do not tell about each call
Options of client, and of a server that asks others:
  --servers A,B,C      who can be called; ADDR=5 has weight 5              [--addr]
  --select HOW         random, round-robin, weighted, consistent-hash      [random]
  --seed N             for its lots                                        [by chance]
  --fail MODE          fast, try, over, backup                             [try]
  --attempts N         of try and over, the first one included             [3]
  --attempt-ms MS      the time for one of several attempts                [what remains]
  --backup-ms MS       backup asks a second one after so long              [10]
  --budget PERCENT     of the calls may be made again; off: all of them    [20]
  --no-eject           never leave anybody out who fails
  --deadline-ms MS     the time for a call                                 [5000]
Options of client:
  --key KEY            for consistent-hash                                 [none]
  --times N            call so often                                       [1]
  --pause-ms MS        between two calls                                   [0]

Ctrl-C ends each of them; a server finishes the calls under way first.
";

/// What was asked for.
enum Command {
    Demo,
    Help,
    Measure,
    Client(Ask),
    Server(Serve),
}

fn main() -> ExitCode {
    // lexopt's words have the reason in them, and its chain would tell it once more.
    let command = parse().map_err(|error| anyhow::Error::msg(error.to_string()));
    match command.and_then(run) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("l12-resilience: {error:#}");
            ExitCode::FAILURE
        }
    }
}

#[tokio::main]
async fn run(command: Command) -> anyhow::Result<()> {
    match command {
        Command::Help => Ok(io::stdout().write_all(HELP.as_bytes())?),
        Command::Demo => demo::run().await,
        Command::Measure => measure::run().await,
        Command::Client(ask) => ask::run(ask).await,
        Command::Server(serve) => serve::run(serve).await,
    }
}

fn parse() -> anyhow::Result<Command> {
    let mut parser = lexopt::Parser::from_env();
    let (mut word, mut calculation) = (None, None);
    let mut calling = Calling::default();
    let mut ask = Ask::default();
    let mut serve = Serve::default();
    while let Some(arg) = parser.next()? {
        match arg {
            Short('h') | Long("help") => return Ok(Command::Help),
            Long("addr") => serve.addr = options::address(&parser.value()?.string()?)?,
            Long("name") => serve.name = Some(parser.value()?.string()?),
            Long("sick") => serve.sick = Some(parser.value()?.parse()?),
            Long("quiet") => serve.quiet = true,
            // For the demo, which starts this program as its instances.
            Long("until-stdin-ends") => serve.until_stdin_ends = true,
            Long("key") => ask.key = Some(parser.value()?.string()?),
            Long("times") => ask.times = parser.value()?.parse()?,
            Long("pause-ms") => ask.pause = options::millis(&mut parser)?,
            Long(option) => {
                let option = option.to_string();
                if !calling.take(&option, &mut parser)? {
                    return Err(Long(&option).unexpected().into());
                }
            }
            Value(value) if word.is_none() => word = Some(value.string()?),
            Value(value) if calculation.is_none() && word.as_deref() == Some("client") => {
                calculation = Some(ask::calculation(&value.string()?, &mut parser)?);
            }
            Value(value) => {
                let value = value.string()?;
                bail!("`{value}` is one word too many; `--help` shows what there is");
            }
            other => return Err(other.unexpected().into()),
        }
    }
    Ok(match word.as_deref() {
        None => Command::Demo,
        Some("measure") => Command::Measure,
        Some("server") => {
            serve.behind = calling.client();
            Command::Server(serve)
        }
        Some("client") => {
            let Some(calculation) = calculation else {
                bail!("what shall be calculated? For example: client mul 25 4");
            };
            ask.calculation = calculation;
            ask.calling = calling;
            ask.addr = Some(serve.addr);
            Command::Client(ask)
        }
        Some(other) => bail!("there is no `{other}`; `--help` shows what there is"),
    })
}
