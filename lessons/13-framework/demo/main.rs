//! The command line of lesson 13. Without a word it tells the whole story in several processes; the words
//! are for terminals, and take the flags that every service of this framework takes.

mod backend;
mod commands;
mod measure;
#[cfg(feature = "mine")]
mod mine;
mod offer;
mod story;

use std::io::{self, Write};
use std::process::ExitCode;

use anyhow::bail;
use l13_framework::options::{Options, Stop, help};
use lexopt::prelude::*;

const HELP: &str = "\
A microservice framework: lesson 13 of Sockets to Services.

  cargo run -p l13-framework                       the demo: every registry that is there
  cargo run -p l13-framework -- server             a greeter, in one terminal
  cargo run -p l13-framework -- client Ada Grace   its caller, in another one
  cargo run -p l13-framework -- services           who is registered, under which name
  cargo run -p l13-framework -- watch [NAME]       tells who comes and who goes
  cargo run -p l13-framework -- subscribe TOPIC [QUEUE]
                                                   hears what is published; in turn with a QUEUE
  cargo run -p l13-framework -- publish TOPIC TEXT publishes
  cargo run -p l13-framework -- measure            the registries in one table; how much is
                                                   measured: --rounds N --comings N --kills N
  cargo run -p l13-framework --features mine -- mine
                                                   your own answer of `two-registries`

They find each other through the registry: mDNS, unless an option names another. `client` calls the
service that --server_name names.

";

fn main() -> ExitCode {
    let outcome = tokio::runtime::Runtime::new()
        .map_err(Into::into)
        .and_then(|runtime| {
            let done = runtime.block_on(run());
            // A thread may still stand in a read of the standard input; this does not wait for it.
            runtime.shutdown_background();
            done
        });
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("l13-framework: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn run() -> anyhow::Result<()> {
    let mut arguments = std::env::args_os().skip(1).peekable();
    // It has flags of its own.
    if arguments.next_if(|word| word == "measure").is_some() {
        return measured(lexopt::Parser::from_args(arguments)).await;
    }
    let mut options = match Options::read(arguments, std::env::vars_os()) {
        Ok(options) => options,
        Err(Stop::Help) => {
            write!(io::stdout(), "{HELP}{}", help())?;
            return Ok(());
        }
        Err(Stop::Wrong(words)) => bail!(words),
    };
    let mut words = std::mem::take(&mut options.words).into_iter();
    let word = words.next();
    let words: Vec<String> = words.collect();
    match word.as_deref() {
        None => story::run().await,
        Some("mine") => run_mine().await,
        // For tests and measurements: something to be killed.
        Some("offer") => offer::run(options).await,
        Some("server") => commands::server(options, &words).await,
        Some("client") => commands::client(&options, &words).await,
        Some("services") => commands::services(&options, &words).await,
        Some("watch") => commands::watch(&options, &words).await,
        Some("subscribe") => commands::subscribe(options, &words).await,
        Some("publish") => commands::publish(&options, &words).await,
        Some(other) => bail!("there is no `{other}`; `--help` shows what there is"),
    }
}

#[cfg(feature = "mine")]
use mine::run as run_mine;

#[cfg(not(feature = "mine"))]
async fn run_mine() -> anyhow::Result<()> {
    bail!("your answer is not built in: `cargo run -p l13-framework --features mine -- mine`")
}

/// `measure`.
async fn measured(mut arguments: lexopt::Parser) -> anyhow::Result<()> {
    let mut settings = measure::Settings::default();
    while let Some(argument) = arguments.next()? {
        match argument {
            Short('h') | Long("help") => return Ok(write!(io::stdout(), "{HELP}{}", help())?),
            Long("rounds") => settings.rounds = arguments.value()?.parse()?,
            Long("comings") => settings.comings = arguments.value()?.parse()?,
            Long("kills") => settings.kills = arguments.value()?.parse()?,
            _ => return Err(argument.unexpected().into()),
        }
    }
    measure::run(settings).await
}
