//! The command line of lesson 03. Without an argument it tells the whole story in two processes;
//! `server` and `client` are for two terminals, `measure` fills one row of the ladder.

mod demo;
mod measure;
#[cfg(feature = "mine")]
mod mine;
mod peer;

use std::io::{self, Read, Write};
use std::net::SocketAddr;
use std::process::ExitCode;
use std::thread;
use std::time::Duration;

use anyhow::{Context, bail};
use l03_json_rpc::client::{Client, Dialect};
use l03_json_rpc::host::{self, Settings};
use l03_json_rpc::v2::{Rpc, handler};
use l03_json_rpc::{go, http};
use lexopt::prelude::*;
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::sync::watch;

const HELP: &str = "\
A language both sides read: lesson 03 of Sockets to Services.

  cargo run -p l03-json-rpc                      the demo: two processes, three ports
  cargo run -p l03-json-rpc -- server            a server, in one terminal
  cargo run -p l03-json-rpc -- client wire 100   a client, in another one
  cargo run -p l03-json-rpc -- measure           bytes, microseconds and lines of code of a call
  cargo run -p l03-json-rpc --features mine -- mine    a server made of your own answer

A whole number is sent to Panda.GetInfo, every other word to hello.HelloWorld.

Options of server:
  --addr ADDR       JSON-RPC 2.0, a message a line       [127.0.0.1:8080]
  --http-addr ADDR  JSON-RPC 2.0, HTTP POST              [127.0.0.1:8081]
  --go-addr ADDR    the dialect of Go's net/rpc/jsonrpc  [127.0.0.1:8082]
  --message BYTES   the longest message that is taken    [2097152]
  --time-ms MS      the time for each message            [30000]
  --clients N       how many are served on each port     [100]
Options of client:
  --addr ADDR       whom to call                         [127.0.0.1:8080]
  --go              speak Go's dialect                   [then 127.0.0.1:8082]
Option of mine:
  --addr ADDR       where to listen                      [127.0.0.1:8082]

Ctrl-C ends the server. Any program that writes JSON can be the client, for example:
  curl -H 'Content-Type: application/json' 127.0.0.1:8081 \\
    -d '{\"jsonrpc\":\"2.0\",\"method\":\"hello.HelloWorld\",\"params\":[\"wire\"],\"id\":1}'
";

/// What was asked for.
enum Command {
    Demo,
    Help,
    Server(Serve),
    Client(Call),
    Measure,
    Mine(SocketAddr),
}

struct Serve {
    addr: SocketAddr,
    http_addr: SocketAddr,
    go_addr: SocketAddr,
    settings: Settings,
    /// Ends with its standard input: whoever started it and holds that may be killed.
    until_stdin_ends: bool,
}

struct Call {
    addr: SocketAddr,
    dialect: Dialect,
    words: Vec<String>,
}

fn main() -> ExitCode {
    match parse().and_then(run) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("l03-json-rpc: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(command: Command) -> anyhow::Result<()> {
    // The server may use every core. A client waits for one thing at a time: tasks of one thread hand
    // over to each other without waking another one, and that is most of what a short call costs.
    let mut runtime = match &command {
        Command::Server(_) => tokio::runtime::Builder::new_multi_thread(),
        _ => tokio::runtime::Builder::new_current_thread(),
    };
    let runtime = runtime.enable_all().build()?;
    match command {
        Command::Help => io::stdout().write_all(HELP.as_bytes())?,
        Command::Demo => demo::run()?,
        Command::Measure => runtime.block_on(measure::run())?,
        Command::Mine(addr) => runtime.block_on(run_mine(addr))?,
        Command::Server(serve) => {
            let served = runtime.block_on(run_server(&serve));
            // A thread may still stand in a read of the standard input; nobody waits for it.
            runtime.shutdown_background();
            served?;
        }
        Command::Client(call) => runtime.block_on(run_client(&call))?,
    }
    Ok(())
}

fn parse() -> anyhow::Result<Command> {
    let mut parser = lexopt::Parser::from_env();
    let (mut word, mut words) = (None, Vec::new());
    let (mut addr, mut speaks_go) = (None, false);
    let mut serve = Serve {
        addr: "127.0.0.1:8080".parse()?,
        http_addr: "127.0.0.1:8081".parse()?,
        go_addr: "127.0.0.1:8082".parse()?,
        settings: Settings::default(),
        until_stdin_ends: false,
    };
    while let Some(arg) = parser.next()? {
        match arg {
            Short('h') | Long("help") => return Ok(Command::Help),
            Long("addr") => addr = Some(address(&mut parser, "--addr")?),
            Long("http-addr") => serve.http_addr = address(&mut parser, "--http-addr")?,
            Long("go-addr") => serve.go_addr = address(&mut parser, "--go-addr")?,
            Long("go") => speaks_go = true,
            Long("message") => serve.settings.message = parser.value()?.parse()?,
            Long("time-ms") => {
                serve.settings.time = Duration::from_millis(parser.value()?.parse()?);
            }
            Long("clients") => serve.settings.clients = parser.value()?.parse()?,
            // For the demo, which starts this program as its server.
            Long("until-stdin-ends") => serve.until_stdin_ends = true,
            Value(value) if word.is_none() => word = Some(value.string()?),
            Value(value) => words.push(value.string()?),
            other => return Err(other.unexpected().into()),
        }
    }
    if let (Some(first), Some("server" | "measure" | "mine")) = (words.first(), word.as_deref()) {
        bail!("`{first}` is one word too many; `--help` shows what there is");
    }
    Ok(match word.as_deref() {
        None => Command::Demo,
        Some("measure") => Command::Measure,
        Some("mine") => Command::Mine(addr.unwrap_or(serve.go_addr)),
        Some("server") => {
            serve.addr = addr.unwrap_or(serve.addr);
            Command::Server(serve)
        }
        Some("client") if words.is_empty() => {
            bail!("what shall the server answer? Give a name, or a number")
        }
        Some("client") => Command::Client(Call {
            addr: addr.unwrap_or(if speaks_go { serve.go_addr } else { serve.addr }),
            dialect: if speaks_go {
                Dialect::Go
            } else {
                Dialect::Lines
            },
            words,
        }),
        Some(other) => bail!("there is no `{other}`; `--help` shows what there is"),
    })
}

fn address(parser: &mut lexopt::Parser, option: &str) -> anyhow::Result<SocketAddr> {
    let text = parser.value()?.string()?;
    let example = "an address looks like 127.0.0.1:8080";
    text.parse()
        .with_context(|| format!("{option} {text}: {example}"))
}

#[cfg(feature = "mine")]
use mine::run as run_mine;

#[cfg(not(feature = "mine"))]
async fn run_mine(_addr: SocketAddr) -> anyhow::Result<()> {
    bail!("your answer is not built in; `cargo workbook peer 03` builds it in and calls it")
}

// ---- the server

async fn run_server(serve: &Serve) -> anyhow::Result<()> {
    let lines = listen(serve.addr, "--addr").await?;
    let http = listen(serve.http_addr, "--http-addr").await?;
    let go = listen(serve.go_addr, "--go-addr").await?;
    let stop = on_signal(serve.until_stdin_ends)?;
    // From here on a client gets an answer: the last line is for people and for tests that wait.
    println!("http on {}", http.local_addr()?);
    println!("go on {}", go.local_addr()?);
    println!("listening on {}", lines.local_addr()?);
    io::stdout().flush()?;

    let stopped = || {
        let mut stop = stop.clone();
        async move {
            let _ = stop.wait_for(|stop| *stop).await;
        }
    };
    let (rpc, settings) = (Rpc::new(handler()), serve.settings);
    tokio::try_join!(
        host::serve(
            lines,
            host::Dialect::Lines(rpc.clone()),
            settings,
            stopped()
        ),
        http::serve(http, rpc, settings, stopped()),
        host::serve(go, host::Dialect::Go(go::methods), settings, stopped()),
    )?;
    Ok(())
}

async fn listen(addr: SocketAddr, option: &str) -> anyhow::Result<TcpListener> {
    TcpListener::bind(addr)
        .await
        .map_err(|error| taken(addr, option, &error))
}

/// The errors of `bind` that people meet, in words that say what to do.
fn taken(addr: SocketAddr, option: &str, error: &io::Error) -> anyhow::Error {
    let words = match error.kind() {
        io::ErrorKind::AddrInUse => format!(
            "another program listens there already. Stop it, or choose another port, for example \
             {option} 127.0.0.1:9091"
        ),
        io::ErrorKind::AddrNotAvailable => {
            "this machine has no such address. 127.0.0.1 always works".to_string()
        }
        io::ErrorKind::PermissionDenied => {
            "the system does not allow it. Ports from 1024 on need no permission".to_string()
        }
        _ => error.to_string(),
    };
    anyhow::anyhow!("cannot listen on {addr}: {words}")
}

/// Turns true on Ctrl-C and SIGTERM, and for the demo also when its parent is gone.
fn on_signal(with_stdin: bool) -> io::Result<watch::Receiver<bool>> {
    let (stop, stopped) = watch::channel(false);
    if with_stdin {
        let stop = stop.clone();
        thread::spawn(move || {
            let _ = io::stdin().read_to_end(&mut Vec::new());
            let _ = stop.send(true);
        });
    }
    let signal = signals()?;
    tokio::spawn(async move {
        signal.await;
        let _ = stop.send(true);
    });
    Ok(stopped)
}

#[cfg(unix)]
fn signals() -> io::Result<impl Future<Output = ()> + Send> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    })
}

#[cfg(not(unix))]
fn signals() -> io::Result<impl Future<Output = ()> + Send> {
    Ok(async {
        let _ = tokio::signal::ctrl_c().await;
    })
}

// ---- the client

/// How long a client waits for a server that does not answer.
const PATIENCE: Duration = Duration::from_secs(5);

async fn run_client(call: &Call) -> anyhow::Result<()> {
    let addr = call.addr;
    let client = Client::connect(addr, call.dialect, PATIENCE)
        .await
        .with_context(|| {
            format!(
                "nobody answers at {addr}. Is the server running? `cargo run -p l03-json-rpc -- \
                 server`"
            )
        })?;
    let mut failed = 0;
    for word in &call.words {
        let (method, argument) = match word.parse::<i64>() {
            Ok(number) => ("Panda.GetInfo", Value::from(number)),
            Err(_) => ("hello.HelloWorld", Value::from(word.as_str())),
        };
        match client.call(method, argument).await {
            Ok(Value::String(text)) => println!("{text}"),
            Ok(other) => println!("{other}"),
            // One failed call is no reason not to make the next one.
            Err(error) => {
                failed += 1;
                eprintln!("l03-json-rpc: {method} for `{word}` failed: {error}");
            }
        }
    }
    if failed > 0 {
        bail!("{failed} of {} calls failed", call.words.len());
    }
    Ok(())
}
