//! The command line of lesson 01. Without an argument it tells the whole story in two processes;
//! `server` and `client` are for two terminals, `measure` fills one row of the ladder.

mod demo;
mod measure;

use std::io::{self, Write};
use std::net::{SocketAddr, TcpListener};
use std::process::ExitCode;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Context, bail};
use l01_tcp::listen::{on_signal, taken};
use l01_tcp::protocol::{DEFAULT_ADDR, Event, Settings};
use l01_tcp::{blocking, nonblocking};
use lexopt::prelude::*;

const HELP: &str = "\
Two programs, one wire: lesson 01 of Sockets to Services.

  cargo run -p l01-tcp                           the demo: two processes, and every byte between them
  cargo run -p l01-tcp -- server                 a server, in one terminal
  cargo run -p l01-tcp -- client Ada Grace       a client, in another one: one call for each name
  cargo run -p l01-tcp -- measure                bytes, microseconds and lines of code of a call

Options of server and client:
  --addr ADDR     where to listen, or whom to call        [127.0.0.1:8080]
  --tokio         the tokio version; without it, the one on std::net and threads
Options of server:
  --line BYTES    the longest line that is taken          [256]
  --time-ms MS    the time for each line                  [30000]
  --clients N     how many are served at the same time    [100]

Ctrl-C ends the server. Any program that speaks TCP can be the client, for example:
  printf 'Ada\\n' | nc -N 127.0.0.1 8080
";

/// What was asked for.
enum Command {
    Demo,
    Help,
    Server(Serve),
    Client {
        addr: SocketAddr,
        tokio: bool,
        names: Vec<String>,
    },
    Measure,
}

struct Serve {
    addr: SocketAddr,
    tokio: bool,
    settings: Settings,
    /// Prints what it sees, for the demo.
    narrate: bool,
    /// Ends with its standard input: whoever started it and holds that may be killed.
    until_stdin_ends: bool,
}

fn main() -> ExitCode {
    match parse().and_then(run) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("l01-tcp: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(command: Command) -> anyhow::Result<()> {
    match command {
        Command::Help => Ok(io::stdout().write_all(HELP.as_bytes())?),
        Command::Demo => demo::run(),
        Command::Measure => measure::run(),
        Command::Server(serve) => run_server(&serve),
        Command::Client { addr, tokio, names } => run_client(addr, tokio, &names),
    }
}

fn parse() -> anyhow::Result<Command> {
    let mut parser = lexopt::Parser::from_env();
    let mut word = None;
    let mut names: Vec<String> = Vec::new();
    let mut serve = Serve {
        addr: DEFAULT_ADDR.parse()?,
        tokio: false,
        settings: Settings::default(),
        narrate: false,
        until_stdin_ends: false,
    };
    while let Some(arg) = parser.next()? {
        match arg {
            Short('h') | Long("help") => return Ok(Command::Help),
            Long("addr") => {
                let text = parser.value()?.string()?;
                let example = "an address looks like 127.0.0.1:8080";
                serve.addr = text
                    .parse()
                    .with_context(|| format!("--addr {text}: {example}"))?;
            }
            Long("tokio") => serve.tokio = true,
            Long("line") => serve.settings.line = parser.value()?.parse()?,
            Long("time-ms") => {
                serve.settings.time = Duration::from_millis(parser.value()?.parse()?);
            }
            Long("clients") => serve.settings.clients = parser.value()?.parse()?,
            // These two are for the demo, which starts this program as its server.
            Long("narrate") => serve.narrate = true,
            Long("until-stdin-ends") => serve.until_stdin_ends = true,
            Value(value) if word.is_none() => word = Some(value.string()?),
            Value(value) => names.push(value.string()?),
            other => return Err(other.unexpected().into()),
        }
    }
    let command = match word.as_deref() {
        None => Command::Demo,
        Some("server") => Command::Server(serve),
        Some("client") if names.is_empty() => bail!("whom shall the server greet? Give a name"),
        Some("client") => {
            let names = std::mem::take(&mut names);
            Command::Client {
                addr: serve.addr,
                tokio: serve.tokio,
                names,
            }
        }
        Some("measure") => Command::Measure,
        Some(other) => bail!("there is no `{other}`; `--help` shows what there is"),
    };
    if let Some(name) = names.first() {
        bail!("`{name}` is one word too many; `--help` shows what there is");
    }
    Ok(command)
}

// ---- the server

fn run_server(serve: &Serve) -> anyhow::Result<()> {
    let listener = TcpListener::bind(serve.addr).map_err(|error| taken(serve.addr, &error))?;
    let mut settings = serve.settings;
    if serve.narrate {
        settings.observe = narrate;
    }
    let shutdown = on_signal(serve.until_stdin_ends)?;
    // From here on a client gets an answer: the line is for people and for tests that wait for it.
    println!("listening on {}", listener.local_addr()?);
    io::stdout().flush()?;
    if serve.tokio {
        listener.set_nonblocking(true)?;
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .enable_all()
            .build()?;
        runtime.block_on(async {
            let listener = tokio::net::TcpListener::from_std(listener)?;
            let stopped = tokio::task::spawn_blocking(move || shutdown.recv());
            let stopped = async {
                let _ = stopped.await;
            };
            nonblocking::serve(listener, settings, stopped).await
        })?;
    } else {
        blocking::serve(listener, settings, shutdown)?;
    }
    Ok(())
}

/// One line for each thing the server sees, with the time at which it saw it.
fn narrate(event: Event<'_>) {
    let micros = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |time| time.as_micros());
    let line = match event {
        Event::Read(bytes) => {
            let hex: Vec<String> = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
            format!("{micros} read {}\n", hex.join(""))
        }
        Event::Finished => format!("{micros} finished\n"),
        Event::Refused(refusal) => format!("{micros} refused {refusal}\n"),
    };
    // The parent may be gone; that is no reason to panic in the middle of a conversation.
    let mut out = io::stdout().lock();
    let _ = out.write_all(line.as_bytes()).and_then(|()| out.flush());
}

// ---- the client

/// How long a client waits for a server that does not answer.
const PATIENCE: Duration = Duration::from_secs(5);

fn run_client(addr: SocketAddr, tokio: bool, names: &[String]) -> anyhow::Result<()> {
    let nobody = || {
        format!("nobody answers at {addr}. Is the server running? `cargo run -p l01-tcp -- server`")
    };
    let failed = |name: &str| format!("the call for `{name}` failed");
    if tokio {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        return runtime.block_on(async {
            let mut client = nonblocking::Client::connect(addr, PATIENCE)
                .await
                .with_context(nobody)?;
            for name in names {
                println!(
                    "{}",
                    client.greet(name).await.with_context(|| failed(name))?
                );
            }
            client.finish().await?;
            Ok(())
        });
    }
    let mut client = blocking::Client::connect(addr, PATIENCE).with_context(nobody)?;
    for name in names {
        println!("{}", client.greet(name).with_context(|| failed(name))?);
    }
    client.finish()?;
    Ok(())
}
