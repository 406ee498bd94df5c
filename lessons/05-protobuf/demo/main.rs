//! The command line of lesson 05. Without an argument it tells the whole story in two processes;
//! `server` and `client` are for two terminals, `measure` compares with JSON and fills one row of the
//! ladder.

mod demo;
mod measure;
mod peer;

use std::io::{self, Read, Write};
use std::net::SocketAddr;
use std::process::ExitCode;
use std::thread;
use std::time::Duration;

use anyhow::{Context, bail};
use l05_protobuf::client::Client;
use l05_protobuf::host::{self, Settings};
use lexopt::prelude::*;
use tokio::net::TcpListener;
use tokio::sync::watch;

const HELP: &str = "\
Fewer bytes, and a schema that may change: lesson 05 of Sockets to Services.

  cargo run -p l05-protobuf                       the demo: bytes explained, two processes, two versions
  cargo run -p l05-protobuf -- server             a server, in one terminal
  cargo run -p l05-protobuf -- client Ada Grace   a client, in another one: one call for each name
  cargo run -p l05-protobuf -- measure            size and time beside JSON, and a row of the ladder

Options of server and client:
  --addr ADDR      where to listen, or whom to call       [127.0.0.1:8080]
Options of server:
  --message BYTES  the longest message that is taken      [65536]
  --time-ms MS     the time for each message              [30000]
  --clients N      how many are served at the same time   [100]

Ctrl-C ends the server. Any program that writes delimited protobuf can be the client; by hand:
  printf '\\x06\\x0a\\x04wire' | nc -N 127.0.0.1 8080 | od -c
";

/// What was asked for.
enum Command {
    Demo,
    Help,
    Server(Serve),
    Client {
        addr: SocketAddr,
        names: Vec<String>,
    },
    Measure,
}

struct Serve {
    addr: SocketAddr,
    settings: Settings,
    /// Ends with its standard input: whoever started it and holds that may be killed.
    until_stdin_ends: bool,
}

fn main() -> ExitCode {
    match parse().and_then(run) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("l05-protobuf: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(command: Command) -> anyhow::Result<()> {
    // The server may use every core. A client waits for one thing at a time.
    let mut runtime = match &command {
        Command::Server(_) => tokio::runtime::Builder::new_multi_thread(),
        _ => tokio::runtime::Builder::new_current_thread(),
    };
    let runtime = runtime.enable_all().build()?;
    match command {
        Command::Help => io::stdout().write_all(HELP.as_bytes())?,
        Command::Demo => demo::run()?,
        Command::Measure => runtime.block_on(measure::run())?,
        Command::Server(serve) => {
            let served = runtime.block_on(run_server(&serve));
            // A thread may still stand in a read of the standard input; nobody waits for it.
            runtime.shutdown_background();
            served?;
        }
        Command::Client { addr, names } => runtime.block_on(run_client(addr, &names))?,
    }
    Ok(())
}

fn parse() -> anyhow::Result<Command> {
    let mut parser = lexopt::Parser::from_env();
    let (mut word, mut names) = (None, Vec::new());
    let mut serve = Serve {
        addr: "127.0.0.1:8080".parse()?,
        settings: Settings {
            observe: |client, why| {
                // Whoever read this may be gone; that is no reason to panic in a conversation.
                let _ = writeln!(io::stdout(), "hung up on {client}: {why}");
            },
            ..Settings::default()
        },
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
            Long("message") => serve.settings.message = parser.value()?.parse()?,
            Long("time-ms") => {
                serve.settings.time = Duration::from_millis(parser.value()?.parse()?);
            }
            Long("clients") => serve.settings.clients = parser.value()?.parse()?,
            // For the demo, which starts this program as its server.
            Long("until-stdin-ends") => serve.until_stdin_ends = true,
            Value(value) if word.is_none() => word = Some(value.string()?),
            Value(value) => names.push(value.string()?),
            other => return Err(other.unexpected().into()),
        }
    }
    if let (Some(first), Some("server" | "measure")) = (names.first(), word.as_deref()) {
        bail!("`{first}` is one word too many; `--help` shows what there is");
    }
    Ok(match word.as_deref() {
        None => Command::Demo,
        Some("measure") => Command::Measure,
        Some("server") => Command::Server(serve),
        Some("client") if names.is_empty() => bail!("whom shall the server greet? Give a name"),
        Some("client") => Command::Client {
            addr: serve.addr,
            names,
        },
        Some(other) => bail!("there is no `{other}`; `--help` shows what there is"),
    })
}

// ---- the server

async fn run_server(serve: &Serve) -> anyhow::Result<()> {
    let addr = serve.addr;
    let listener = TcpListener::bind(addr)
        .await
        .map_err(|error| anyhow::anyhow!("cannot listen on {addr}: {}", in_words(&error)))?;
    let mut stop = on_signal(serve.until_stdin_ends)?;
    // From here on a client gets an answer: the line is for people and for tests that wait for it.
    println!("listening on {}", listener.local_addr()?);
    io::stdout().flush()?;
    let stopped = async {
        let _ = stop.wait_for(|stop| *stop).await;
    };
    host::serve(listener, serve.settings, stopped).await?;
    Ok(())
}

/// The errors of `bind` that people meet, in words that say what to do.
fn in_words(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::AddrInUse => "another program listens there already. Stop it, or choose \
                                     another port, for example --addr 127.0.0.1:8081"
            .to_string(),
        io::ErrorKind::AddrNotAvailable => {
            "this machine has no such address. 127.0.0.1 always works".to_string()
        }
        io::ErrorKind::PermissionDenied => {
            "the system does not allow it. Ports from 1024 on need no permission".to_string()
        }
        _ => error.to_string(),
    }
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

async fn run_client(addr: SocketAddr, names: &[String]) -> anyhow::Result<()> {
    let mut client = Client::connect(addr, PATIENCE).await.with_context(|| {
        format!(
            "nobody answers at {addr}. Is the server running? `cargo run -p l05-protobuf -- server`"
        )
    })?;
    for name in names {
        let greeting = client.greet(name).await;
        let greeting = greeting.with_context(|| format!("the call for `{name}` failed"))?;
        println!("{greeting}");
    }
    Ok(())
}
