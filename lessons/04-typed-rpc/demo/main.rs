//! The command line of lesson 04. Without an argument it tells the whole story in two processes;
//! `server` and `client` are for two terminals, `measure` fills one row of the ladder.

mod demo;
mod measure;
mod peer;

use std::io::{self, Write};
use std::net::SocketAddr;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, bail};
use l02_rpc::client::Client;
use l02_rpc::listen::{bind, on_signal};
use l02_rpc::server::{Door, Settings, serve};
use l04_typed_rpc::greeter::{ADDR, HelloClient, Near, services, welcome};
use l04_typed_rpc::versions::{OnePanda, scales_server};
use lexopt::prelude::*;

const HELP: &str = "\
Let the compiler hold the contract: lesson 04 of Sockets to Services.

  cargo run -p l04-typed-rpc                        the demo: one caller, near and far
  cargo run -p l04-typed-rpc -- server              a server, in one terminal
  cargo run -p l04-typed-rpc -- client Ada Grace    a client, in another one: one call for each name
  cargo run -p l04-typed-rpc -- client --near Ada   the same caller, and nobody else
  cargo run -p l04-typed-rpc -- measure             bytes, microseconds and lines of code of a call

Options of server and client:
  --addr ADDR     where to listen, or whom to call        [127.0.0.1:8080]
Options of client:
  --near          fulfils the contract itself: no server is asked

Ctrl-C ends the server. A client of lesson 02 understands it: the bytes are the same.
";

/// How long a client waits for a server that does not answer.
const PATIENCE: Duration = Duration::from_secs(5);

/// What was asked for.
enum Command {
    Demo,
    Help,
    Server {
        addr: SocketAddr,
        /// Ends with its standard input: whoever started it and holds that may be killed.
        until_stdin_ends: bool,
    },
    Client {
        /// `None` is this program itself.
        addr: Option<SocketAddr>,
        names: Vec<String>,
    },
    Measure,
}

fn main() -> ExitCode {
    match parse().and_then(run) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("l04-typed-rpc: {error:#}");
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
            Command::Server {
                addr,
                until_stdin_ends,
            } => run_server(addr, until_stdin_ends).await,
            Command::Client { addr, names } => run_client(addr, &names).await,
        }
    })
}

fn parse() -> anyhow::Result<Command> {
    let mut parser = lexopt::Parser::from_env();
    let mut words: Vec<String> = Vec::new();
    let mut addr = ADDR.parse()?;
    let mut near = false;
    let mut until_stdin_ends = false;
    while let Some(arg) = parser.next()? {
        match arg {
            Short('h') | Long("help") => return Ok(Command::Help),
            Long("addr") => {
                let text = parser.value()?.string()?;
                let example = "an address looks like 127.0.0.1:8080";
                addr = text
                    .parse()
                    .with_context(|| format!("--addr {text}: {example}"))?;
            }
            Long("near") => near = true,
            // For the demo, which starts this program as its server.
            Long("until-stdin-ends") => until_stdin_ends = true,
            Value(value) => words.push(value.string()?),
            other => return Err(other.unexpected().into()),
        }
    }
    let mut words = words.into_iter();
    let command = match words.next().as_deref() {
        None => Command::Demo,
        Some("measure") => Command::Measure,
        Some("server") => Command::Server {
            addr,
            until_stdin_ends,
        },
        Some("client") => Command::Client {
            addr: (!near).then_some(addr),
            names: words.by_ref().collect(),
        },
        Some(other) => bail!("there is no `{other}`; `--help` shows what there is"),
    };
    if let Some(word) = words.next() {
        bail!("`{word}` is one word too many; `--help` shows what there is");
    }
    Ok(command)
}

// ---- the server

async fn run_server(addr: SocketAddr, until_stdin_ends: bool) -> anyhow::Result<()> {
    let listener = bind(addr).await?;
    let shutdown = on_signal(until_stdin_ends)?;
    let mut services = services()?;
    services.register(scales_server(OnePanda))?;
    let services = Arc::new(services);
    // From here on a client gets an answer: the line is for people and for tests that wait for it.
    println!("listening on {}", listener.local_addr()?);
    io::stdout().flush()?;
    serve(
        listener,
        Door::Plain,
        services,
        Settings::default(),
        shutdown,
    )
    .await?;
    Ok(())
}

// ---- the client

async fn run_client(addr: Option<SocketAddr>, names: &[String]) -> anyhow::Result<()> {
    if names.is_empty() {
        bail!("whom shall the server greet? Give a name");
    }
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    // From here on near and far are one: `welcome` takes whatever fulfils the contract.
    let greetings = match addr {
        None => welcome(&Near, &names).await,
        Some(addr) => {
            let client = Client::connect(addr, Settings::default())
                .await
                .with_context(|| {
                    format!(
                        "nobody answers at {addr}. Is the server running? \
                         `cargo run -p l04-typed-rpc -- server`"
                    )
                })?;
            welcome(&HelloClient::new(client, PATIENCE), &names).await
        }
    };
    for greeting in greetings.context("the call failed")? {
        println!("{greeting}");
    }
    Ok(())
}
