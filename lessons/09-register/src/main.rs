//! The command line of lesson 09. Without an argument it tells the whole story in several processes;
//! `server` is for terminals beside a Consul, `list` looks at it, `measure` fills one row of the ladder.

mod demo;
mod measure;
mod serve;

use std::io::{self, Write};
use std::net::SocketAddr;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, bail};
use l09_register::look;
use l09_register::registry::Registry;
use lexopt::prelude::*;

use crate::serve::Serve;

const HELP: &str = "\
Tell the phone book: lesson 09 of Sockets to Services.

  cargo run -p l09-register                 the demo: a Consul, some greeters, six scenes
  cargo run -p l09-register -- server       a greeter that registers itself, in one terminal
  cargo run -p l09-register -- list         what Consul knows of the greeters, in another one
  cargo run -p l09-register -- measure      what registering costs

Options of server:
  --addr ADDR          where to listen                             [127.0.0.1:8801]
  --advertise A        what others shall dial: an address, with a port or without
                                                                   [what is bound]
  --id ID              the id of this instance                     [name, address and port]
  --check-every-ms MS  how often Consul looks                      [10000]
  --warm-up-ms MS      call itself NOT_SERVING so long             [0]
Options of server and list:
  --consul ADDR        the HTTP API of the agent                   [127.0.0.1:8500]
  --name NAME          the name that callers ask for               [greeter]

It needs a Consul, and waits until there is one: `cargo workbook services up consul`, or
`cargo run -p l08-consul -- agent`. Ctrl-C takes the server off the list and ends it.
";

/// What was asked for.
enum Command {
    Demo,
    Help,
    Measure,
    List { consul: SocketAddr, name: String },
    Server(Serve),
}

fn main() -> ExitCode {
    match parse().and_then(run) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("l09-register: {error:#}");
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
        Command::List { consul, name } => list(consul, &name).await,
        Command::Server(serve) => serve::run(serve).await,
    }
}

async fn list(consul: SocketAddr, name: &str) -> anyhow::Result<()> {
    let states = look::states(&Registry::at(consul)?, name).await.context(
        "is it running? `cargo workbook services up consul` starts one, and --consul says where it is",
    )?;
    if states.is_empty() {
        println!("Consul at {consul} knows no {name}");
    }
    for (id, checks) in states {
        println!("{id}");
        for (kind, seen) in checks {
            println!("    {kind:4}  {:8}  {}", seen.status, seen.output.trim());
        }
    }
    Ok(())
}

fn parse() -> anyhow::Result<Command> {
    let mut parser = lexopt::Parser::from_env();
    let mut word: Option<String> = None;
    let mut consul: SocketAddr = "127.0.0.1:8500".parse()?;
    let mut serve = Serve::default();
    while let Some(arg) = parser.next()? {
        match arg {
            Short('h') | Long("help") => return Ok(Command::Help),
            Long("addr") => serve.addr = address(&mut parser, "--addr", "127.0.0.1:8801")?,
            Long("consul") => consul = address(&mut parser, "--consul", "127.0.0.1:8500")?,
            Long("advertise") => serve.advertise = Some(parser.value()?.string()?.parse()?),
            Long("name") => serve.name = parser.value()?.string()?,
            Long("id") => serve.id = Some(parser.value()?.string()?),
            Long("check-every-ms") => serve.every = millis(&mut parser)?,
            Long("warm-up-ms") => serve.warm_up = millis(&mut parser)?,
            Value(value) if word.is_none() => word = Some(value.string()?),
            Value(value) => bail!(
                "`{}` is one word too many; `--help` shows what there is",
                value.string()?
            ),
            other => return Err(other.unexpected().into()),
        }
    }
    serve.consul = consul;
    Ok(match word.as_deref() {
        None => Command::Demo,
        Some("measure") => Command::Measure,
        Some("server") => Command::Server(serve),
        Some("list") => Command::List {
            consul,
            name: serve.name,
        },
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
