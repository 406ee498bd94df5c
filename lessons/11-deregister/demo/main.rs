//! The command line of lesson 11. Without an argument it tells the whole story in several processes;
//! `server` is for terminals beside a Consul; `rolling`, `crash` and `away` are the proofs, by hand.

mod demo;
mod prove;
mod serve;

use std::io::{self, Write};
use std::net::SocketAddr;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, bail};
use l09_register::instance::EVERY;
use l09_register::registry::Registry;
use l11_deregister::maintenance;
use lexopt::prelude::*;

use crate::prove::{Proof, Prove};
use crate::serve::Serve;

const HELP: &str = "\
Leave well: lesson 11 of Sockets to Services.

  cargo run -p l11-deregister              the demo: a Consul, three greeters, callers, four scenes
  cargo run -p l11-deregister -- server    a greeter that leaves well, in one terminal
  cargo run -p l11-deregister -- hide ID   maintenance: hides an instance from callers
  cargo run -p l11-deregister -- show ID   and shows it again

The proofs; each starts what it needs, prints what happens, and fails if a call has failed:
  cargo run -p l11-deregister -- rolling   restarts three instances in turn under load
  cargo run -p l11-deregister -- crash     kills one of three under load
  cargo run -p l11-deregister -- away      kills Consul under load

Options of server:
  --addr ADDR          where to listen                               [127.0.0.1:8811]
  --name NAME          the name that callers ask for                 [greeter]
  --instance NAME      what it calls itself in its replies           [name and address]
  --reap-s S           Consul forgets it when critical for so long   [60]
  --goodbye-ms MS      the time for telling Consul that it leaves    [5000]
Options of server, hide and show:
  --consul ADDR        the HTTP API of the agent                     [127.0.0.1:8500]
  --reason WORDS       why it is hidden, for whoever looks           [none]
Options of server and the proofs:
  --check-every-ms MS  how often Consul looks       [10000; rolling and away 1000]
  --notice-ms MS       answer on for so long after leaving the list  [1000]
  --grace-ms MS        the time for calls under way after that       [10000]
  --slow-ms MS         work so long before each answer               [0; proofs 20]
  --careless           just end: say nothing, finish nothing
Options of the proofs:
  --rounds N           how often                                     [3; crash 1]
  --callers N          how many call at the same time                [16]
  --no-retry           each call has one attempt
  --seconds N          how long Consul is away                       [30]
  --reaped             crash: wait until Consul has cleared the entry away

server needs a Consul, and waits until there is one: `cargo workbook services up consul`, or
`cargo run -p l08-consul -- agent`. Ctrl-C makes it leave; a second Ctrl-C ends it at once.
";

/// What was asked for.
enum Command {
    Demo,
    Help,
    Server(Serve),
    Maintenance(SocketAddr, String, Option<String>),
    Prove(Prove),
}

fn main() -> ExitCode {
    match parse().and_then(run) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("l11-deregister: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(command: Command) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Runtime::new()?;
    let done = match command {
        Command::Help => io::stdout().write_all(HELP.as_bytes()).map_err(Into::into),
        Command::Demo => runtime.block_on(demo::run()),
        Command::Server(serve) => runtime.block_on(serve::run(serve)),
        Command::Maintenance(consul, id, reason) => runtime.block_on(hide(consul, &id, reason)),
        Command::Prove(prove) => runtime.block_on(prove::run(prove)),
    };
    // What still runs is cut off: whoever asked for the end has it now.
    runtime.shutdown_background();
    done
}

/// Maintenance, with a reason: on. Without: off.
async fn hide(consul: SocketAddr, id: &str, reason: Option<String>) -> anyhow::Result<()> {
    let registry = Registry::at(consul)?;
    match reason {
        Some(reason) => maintenance::hide(&registry, id, &reason).await?,
        None => maintenance::show(&registry, id).await?,
    }
    Ok(())
}

fn parse() -> anyhow::Result<Command> {
    let mut parser = lexopt::Parser::from_env();
    let mut words: Vec<String> = Vec::new();
    let mut serve = Serve::default();
    let (mut rounds, mut callers, mut away) = (None, 16, Duration::from_secs(30));
    let (mut every, mut slow, mut retry, mut reaped) = (None, None, true, false);
    let mut reason = String::new();
    while let Some(arg) = parser.next()? {
        match arg {
            Short('h') | Long("help") => return Ok(Command::Help),
            Long("addr") => serve.addr = address(&mut parser, "--addr", "127.0.0.1:8811")?,
            Long("consul") => serve.consul = address(&mut parser, "--consul", "127.0.0.1:8500")?,
            Long("name") => serve.name = parser.value()?.string()?,
            Long("instance") => serve.instance = Some(parser.value()?.string()?),
            Long("check-every-ms") => every = Some(millis(&mut parser)?),
            Long("reap-s") => serve.reap = Duration::from_secs(parser.value()?.parse()?),
            Long("slow-ms") => slow = Some(millis(&mut parser)?),
            Long("goodbye-ms") => serve.limits.goodbye = millis(&mut parser)?,
            Long("notice-ms") => serve.limits.notice = millis(&mut parser)?,
            Long("grace-ms") => serve.limits.grace = millis(&mut parser)?,
            Long("careless") => serve.careless = true,
            Long("reason") => reason = parser.value()?.string()?,
            Long("rounds") => rounds = Some(parser.value()?.parse()?),
            Long("callers") => callers = parser.value()?.parse()?,
            Long("no-retry") => retry = false,
            Long("seconds") => away = Duration::from_secs(parser.value()?.parse()?),
            Long("reaped") => reaped = true,
            // For the demo and the proofs, which start this program as their instances.
            Long("until-stdin-ends") => serve.until_stdin_ends = true,
            Value(value) => words.push(value.string()?),
            other => return Err(other.unexpected().into()),
        }
    }
    let word = (!words.is_empty()).then(|| words.remove(0));
    let id = match word.as_deref() {
        Some("hide" | "show") if words.is_empty() => {
            bail!("which instance? Give its id; `cargo run -p l09-register -- list` shows them")
        }
        Some("hide" | "show") => words.remove(0),
        _ => String::new(),
    };
    if let Some(word) = words.first() {
        bail!("`{word}` is one word too many; `--help` shows what there is");
    }
    let prove = |proof: Proof, often: Duration| {
        Command::Prove(Prove {
            proof,
            callers,
            retry,
            every: every.unwrap_or(often),
            slow,
            limits: serve.limits,
        })
    };
    let second = Duration::from_secs(1);
    Ok(match word.as_deref() {
        None => Command::Demo,
        Some("hide") => Command::Maintenance(serve.consul, id, Some(reason)),
        Some("show") => Command::Maintenance(serve.consul, id, None),
        Some("rolling") => {
            let (rounds, careless) = (rounds.unwrap_or(3), serve.careless);
            prove(Proof::Rolling { rounds, careless }, second)
        }
        Some("crash") => {
            let rounds = rounds.unwrap_or(1);
            prove(Proof::Crash { rounds, reaped }, EVERY)
        }
        Some("away") => prove(Proof::Away(away), second),
        Some("server") => {
            serve.every = every.unwrap_or(serve.every);
            serve.slow = slow.unwrap_or(serve.slow);
            Command::Server(serve)
        }
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
