//! The command line of lesson 02. Without an argument it tells the whole story in two processes;
//! `server` and `client` are for two terminals, `measure` fills one row of the ladder.

mod demo;
mod measure;
#[cfg(feature = "mine")]
mod mine;
mod peer;
mod story;

use std::io::{self, Write};
use std::net::SocketAddr;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, bail};
use l02_rpc::client::Client;
use l02_rpc::greeter::{HTTP_ADDR, PLAIN_ADDR, services};
use l02_rpc::listen::{bind, on_signal};
use l02_rpc::server::{Door, Settings, serve};
use lexopt::prelude::*;

const HELP: &str = "\
Call a function that lives elsewhere: lesson 02 of Sockets to Services.

  cargo run -p l02-rpc                                the demo: two processes, and every byte of a call
  cargo run -p l02-rpc -- server                      a server, in one terminal
  cargo run -p l02-rpc -- client hello.HelloWorld wire    a call, in another one
  cargo run -p l02-rpc -- client Panda.GetInfo 100        another call
  cargo run -p l02-rpc -- measure                     bytes, microseconds and lines of code of a call
  cargo run -p l02-rpc --features mine -- mine        a server made of your own answers

Options of server, client and mine:
  --addr ADDR     where to listen, or whom to call        [127.0.0.1:8080]
  --http          behind a web server's door, by CONNECT  [127.0.0.1:10086]
Options of server:
  --frame BYTES   the longest frame that is taken         [65536]
  --in-flight N   calls of one connection at the same time  [1024]
  --time-ms MS    the time for each frame                 [30000]
  --clients N     how many connections at the same time   [1000]

A call is a method and its argument. A whole number is sent as a number (u32), anything else as
text; `()` is no argument, and words after the first make a list: `client hello.HelloLater wire 50`.
With --http a browser is answered as well: http://127.0.0.1:10086/. Ctrl-C ends the server.
";

/// How long a client waits for a server that does not answer.
const PATIENCE: Duration = Duration::from_secs(15);

/// What was asked for.
enum Command {
    Demo,
    Help,
    Server(Serve),
    Client {
        addr: SocketAddr,
        door: Door,
        method: String,
        argument: Vec<String>,
    },
    Measure,
    Mine(SocketAddr),
}

struct Serve {
    addr: SocketAddr,
    door: Door,
    settings: Settings,
    /// Ends with its standard input: whoever started it and holds that may be killed.
    until_stdin_ends: bool,
}

fn main() -> ExitCode {
    match parse().and_then(run) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("l02-rpc: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(command: Command) -> anyhow::Result<()> {
    if let Command::Help = command {
        return Ok(io::stdout().write_all(HELP.as_bytes())?);
    }
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        match command {
            Command::Help => Ok(()),
            Command::Demo => demo::run().await,
            Command::Measure => measure::run().await,
            Command::Mine(addr) => run_mine(addr).await,
            Command::Server(serve) => run_server(serve).await,
            Command::Client {
                addr,
                door,
                method,
                argument,
            } => run_client(addr, door, &method, &argument).await,
        }
    })
}

fn parse() -> anyhow::Result<Command> {
    let mut parser = lexopt::Parser::from_env();
    let mut words: Vec<String> = Vec::new();
    let mut addr = None;
    let mut door = Door::Plain;
    let mut settings = Settings::default();
    let mut until_stdin_ends = false;
    while let Some(arg) = parser.next()? {
        match arg {
            Short('h') | Long("help") => return Ok(Command::Help),
            Long("addr") => {
                let text = parser.value()?.string()?;
                let example = "an address looks like 127.0.0.1:8080";
                let parsed = text.parse();
                addr = Some(parsed.with_context(|| format!("--addr {text}: {example}"))?);
            }
            Long("http") => door = Door::Http,
            Long("frame") => settings.frame = parser.value()?.parse()?,
            Long("in-flight") => settings.in_flight = parser.value()?.parse()?,
            Long("time-ms") => settings.time = Duration::from_millis(parser.value()?.parse()?),
            Long("clients") => settings.connections = parser.value()?.parse()?,
            // These two are for the demo, which starts this program as its server.
            Long("narrate") => settings.observe = peer::narrate,
            Long("until-stdin-ends") => until_stdin_ends = true,
            Value(value) => words.push(value.string()?),
            other => return Err(other.unexpected().into()),
        }
    }
    let usual = match door {
        Door::Plain => PLAIN_ADDR,
        Door::Http => HTTP_ADDR,
    };
    let addr = addr.map_or_else(|| usual.parse(), Ok)?;
    let mut words = words.into_iter();
    let command = match words.next().as_deref() {
        None => Command::Demo,
        Some("measure") => Command::Measure,
        Some("mine") => Command::Mine(addr),
        Some("server") => Command::Server(Serve {
            addr,
            door,
            settings,
            until_stdin_ends,
        }),
        Some("client") => Command::Client {
            addr,
            door,
            method: words
                .next()
                .context("which method? For example: client hello.HelloWorld wire")?,
            argument: words.by_ref().collect(),
        },
        Some(other) => bail!("there is no `{other}`; `--help` shows what there is"),
    };
    if let Some(word) = words.next() {
        bail!("`{word}` is one word too many; `--help` shows what there is");
    }
    Ok(command)
}

#[cfg(feature = "mine")]
use mine::run as run_mine;

#[cfg(not(feature = "mine"))]
async fn run_mine(_addr: SocketAddr) -> anyhow::Result<()> {
    bail!("your answers are not built in; `cargo workbook peer 02` builds them in and calls them")
}

// ---- the server

async fn run_server(serving: Serve) -> anyhow::Result<()> {
    let listener = bind(serving.addr).await?;
    let shutdown = on_signal(serving.until_stdin_ends)?;
    let services = Arc::new(services()?);
    // From here on a client gets an answer: the line is for people and for tests that wait for it.
    println!("listening on {}", listener.local_addr()?);
    io::stdout().flush()?;
    serve(listener, serving.door, services, serving.settings, shutdown).await?;
    Ok(())
}

// ---- the client

async fn run_client(
    addr: SocketAddr,
    door: Door,
    method: &str,
    argument: &[String],
) -> anyhow::Result<()> {
    let http = if door == Door::Http { " --http" } else { "" };
    let nobody = || {
        format!(
            "nobody answers at {addr}. Is the server running? `cargo run -p l02-rpc -- server{http}`"
        )
    };
    let settings = Settings::default();
    let client = match door {
        Door::Plain => Client::connect(addr, settings).await,
        Door::Http => Client::connect_http(addr, settings).await,
    }
    .with_context(nobody)?;
    let failed = || format!("`{method}` failed");
    let number = |text: &str| text.parse::<u32>().ok();
    // The types are a guess from what was typed: nothing on the wire would tell that it is wrong.
    let call = async {
        match argument {
            [name, ms] => {
                let ms: u64 = ms.parse().context("the second argument is a time in ms")?;
                let value: String = client
                    .call(method, &(name, ms))
                    .await
                    .with_context(failed)?;
                Ok(value)
            }
            [text] if text != "()" => match number(text) {
                Some(number) => {
                    let value: u32 = client.call(method, &number).await.with_context(failed)?;
                    Ok(value.to_string())
                }
                None => Ok(client.call(method, &text).await.with_context(failed)?),
            },
            [] | [_] => {
                let value: u32 = client.call(method, &()).await.with_context(failed)?;
                Ok(value.to_string())
            }
            _ => bail!("no method here takes so many arguments"),
        }
    };
    let value = tokio::time::timeout(PATIENCE, call)
        .await
        .context("no answer in time")??;
    println!("{value}");
    Ok(())
}
