//! The command line of lesson 10. Without an argument it tells the whole story in several processes;
//! `server`, `client` and `watch` are for terminals beside a Consul, `measure` fills one row of the
//! ladder.

mod call;
mod demo;
mod measure;
mod serve;
mod show;

use std::io::{self, Write};
use std::net::SocketAddr;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, bail};
use l10_discover::health::Query;
use lexopt::prelude::*;

use crate::call::Call;
use crate::serve::Serve;

const HELP: &str = "\
Call it by name: lesson 10 of Sockets to Services.

  cargo run -p l10-discover                   the demo: a Consul, greeters, six scenes
  cargo run -p l10-discover -- server         a greeter that registers itself, in one terminal
  cargo run -p l10-discover -- client Ada     greets Ada by the name of the service, in another
  cargo run -p l10-discover -- watch          prints who is home, whenever that changes
  cargo run -p l10-discover -- measure        what a call by name costs

Options of all three:
  --consul ADDR        the HTTP API of the agent           [127.0.0.1:8500]
  --name NAME          the name of the service             [greeter]
Options of client and watch:
  --tag TAG            only instances with this tag        [any]
Options of client:
  --times N            call so often                       [1]
  --pause-ms MS        between two calls                   [0]
  --deadline-ms MS     how long a call may take            [5000]
Options of server:
  --addr ADDR          where to listen                     [127.0.0.1:8801]
  --check-every-ms MS  how often Consul looks              [10000]

They need a Consul: `cargo workbook services up consul`, or `cargo run -p l08-consul -- agent`.
Ctrl-C ends each of them; a server takes itself off the list first.
";

/// What was asked for.
enum Command {
    Demo,
    Help,
    Measure,
    Client(Call),
    Watch { consul: SocketAddr, query: Query },
    Server(Serve),
}

fn main() -> ExitCode {
    match parse().and_then(run) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("l10-discover: {error:#}");
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
        Command::Client(call) => call::run(call).await,
        Command::Watch { consul, query } => show::run(consul, query).await,
        Command::Server(serve) => serve::run(serve).await,
    }
}

fn parse() -> anyhow::Result<Command> {
    let mut parser = lexopt::Parser::from_env();
    let (mut word, mut words) = (None, Vec::new());
    let mut consul: SocketAddr = "127.0.0.1:8500".parse()?;
    let mut addr: SocketAddr = "127.0.0.1:8801".parse()?;
    let mut query = Query::named("greeter");
    let (mut times, mut pause) = (1, Duration::ZERO);
    let (mut deadline, mut every) = (Duration::from_secs(5), Duration::from_secs(10));
    while let Some(arg) = parser.next()? {
        match arg {
            Short('h') | Long("help") => return Ok(Command::Help),
            Long("consul") => consul = address(&mut parser, "--consul", "127.0.0.1:8500")?,
            Long("addr") => addr = address(&mut parser, "--addr", "127.0.0.1:8801")?,
            Long("name") => query.name = parser.value()?.string()?,
            Long("tag") => query.tag = Some(parser.value()?.string()?),
            Long("times") => times = parser.value()?.parse()?,
            Long("pause-ms") => pause = millis(&mut parser)?,
            Long("deadline-ms") => deadline = millis(&mut parser)?,
            Long("check-every-ms") => every = millis(&mut parser)?,
            Value(value) if word.is_none() => word = Some(value.string()?),
            Value(value) => words.push(value.string()?),
            other => return Err(other.unexpected().into()),
        }
    }
    if let (Some(first), true) = (words.first(), word.as_deref() != Some("client")) {
        bail!("`{first}` is one word too many; `--help` shows what there is");
    }
    Ok(match word.as_deref() {
        None => Command::Demo,
        Some("measure") => Command::Measure,
        Some("watch") => Command::Watch { consul, query },
        Some("server") => Command::Server(Serve {
            addr,
            consul,
            name: query.name,
            every,
        }),
        Some("client") if words.is_empty() => bail!("whom shall the service greet? Give a name"),
        Some("client") => Command::Client(Call {
            consul,
            query,
            names: words,
            times,
            pause,
            deadline,
        }),
        Some(other) => bail!("there is no `{other}`; `--help` shows what there is"),
    })
}

fn address(parser: &mut lexopt::Parser, option: &str, example: &str) -> anyhow::Result<SocketAddr> {
    let text = parser.value()?.string()?;
    text.parse()
        .with_context(|| format!("{option} {text}: an address looks like {example}"))
}

fn millis(parser: &mut lexopt::Parser) -> anyhow::Result<Duration> {
    Ok(Duration::from_millis(parser.value()?.parse()?))
}
