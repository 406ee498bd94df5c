//! The command line of lesson 06. Without an argument it tells the whole story in two processes;
//! `server` and `client` are for two terminals, `measure` fills one row of the ladder.

mod call;
mod demo;
mod measure;
#[cfg(feature = "mine")]
mod mine;
mod peer;
mod serve;

use std::io::{self, Write};
use std::net::SocketAddr;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, bail};
use l06_grpc::client::Options;
use l06_grpc::listen;
use l06_grpc::server::Settings;
use l06_grpc::work::Work;
use lexopt::prelude::*;

use crate::call::{Call, Method};
use crate::serve::Serve;

const HELP: &str = "\
The contract on the network: lesson 06 of Sockets to Services.

  cargo run -p l06-grpc                       the demo: two processes, seven scenes
  cargo run -p l06-grpc -- server             a server, in one terminal
  cargo run -p l06-grpc -- client Ada Grace   a client, in another one
  cargo run -p l06-grpc -- measure            bytes, microseconds and lines of code of a call
  cargo run -p l06-grpc --features mine -- mine    a server made of your own answers

Options of server, client and mine:
  --addr ADDR       where to listen, or whom to call       [127.0.0.1:8800]
Options of server and client:
  --token T         what every call has to bring           [none]
Options of server:
  --slow-ms MS      work so long before each answer        [0]
  --longest-ms MS   the time until a reply begins          [30000]
  --connections N   clients at the same time               [256]
  --streams N       calls of each of them at the same time [100]
  --handshake-ms MS the time for a client's first words    [5000]
Options of client:
  --method M        greeter, hello, name, teacher or say   [greeter]
  --age N           the age of the teacher                 [20]
  --deadline-ms MS  how long a call may take               [5000]
  --patience-ms MS  how long to look for the server        [5000]
  --gzip            compress, and ask for compressed replies
  --metadata        show headers and trailers as well

Ctrl-C ends the server: calls under way are finished first. Whom to call has to be known; how a
client finds a server without an address is lesson 10.
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

fn main() -> ExitCode {
    match parse().and_then(run) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("l06-grpc: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(command: Command) -> anyhow::Result<()> {
    // The server may use every core. A client waits for one thing at a time: tasks of one thread hand
    // over to each other without waking another one, and that is most of what a short call costs.
    let mut runtime = match &command {
        Command::Server(_) | Command::Mine(_) => tokio::runtime::Builder::new_multi_thread(),
        _ => tokio::runtime::Builder::new_current_thread(),
    };
    let runtime = runtime.enable_all().build()?;
    let done = match command {
        Command::Help => io::stdout().write_all(HELP.as_bytes()).map_err(Into::into),
        Command::Demo => runtime.block_on(demo::run()),
        Command::Measure => runtime.block_on(measure::run()),
        Command::Mine(addr) => runtime.block_on(run_mine(addr)),
        Command::Server(serve) => runtime.block_on(serve::run(serve)),
        Command::Client(call) => runtime.block_on(call::run(call)),
    };
    // A thread may still stand in a read of the standard input; nobody waits for it.
    runtime.shutdown_background();
    done
}

fn parse() -> anyhow::Result<Command> {
    let mut parser = lexopt::Parser::from_env();
    let (mut word, mut words) = (None, Vec::new());
    let mut addr: SocketAddr = "127.0.0.1:8800".parse()?;
    let (mut settings, mut options) = (Settings::default(), Options::default());
    let mut token = None;
    let (mut method, mut age, mut metadata) = (Method::Greeter, 20, false);
    let mut until_stdin_ends = false;
    while let Some(arg) = parser.next()? {
        match arg {
            Short('h') | Long("help") => return Ok(Command::Help),
            Long("addr") => addr = address(&mut parser)?,
            Long("token") => token = Some(parser.value()?.string()?),
            Long("slow-ms") => {
                settings.work = Some(Work::new(millis(&mut parser)?, listen::tell));
            }
            Long("longest-ms") => settings.longest = millis(&mut parser)?,
            Long("connections") => settings.connections = parser.value()?.parse()?,
            Long("streams") => settings.streams = parser.value()?.parse()?,
            Long("handshake-ms") => settings.handshake = millis(&mut parser)?,
            Long("method") => method = Method::named(&parser.value()?.string()?)?,
            Long("age") => age = parser.value()?.parse()?,
            Long("deadline-ms") => options.deadline = millis(&mut parser)?,
            Long("patience-ms") => options.patience = millis(&mut parser)?,
            Long("gzip") => options.gzip = true,
            Long("metadata") => metadata = true,
            // For the demo, which starts this program as its server.
            Long("until-stdin-ends") => until_stdin_ends = true,
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
        Some("mine") => Command::Mine(addr),
        Some("server") => {
            settings.token = token;
            Command::Server(Serve {
                addr,
                settings,
                until_stdin_ends,
            })
        }
        Some("client") if words.is_empty() => bail!("whom shall the server greet? Give a name"),
        Some("client") => {
            options.token = token;
            Command::Client(Call {
                addr,
                options,
                method,
                age,
                metadata,
                names: words,
            })
        }
        Some(other) => bail!("there is no `{other}`; `--help` shows what there is"),
    })
}

fn address(parser: &mut lexopt::Parser) -> anyhow::Result<SocketAddr> {
    let text = parser.value()?.string()?;
    let example = "an address looks like 127.0.0.1:8800";
    text.parse()
        .with_context(|| format!("--addr {text}: {example}"))
}

fn millis(parser: &mut lexopt::Parser) -> anyhow::Result<Duration> {
    Ok(Duration::from_millis(parser.value()?.parse()?))
}

#[cfg(feature = "mine")]
use mine::run as run_mine;

#[cfg(not(feature = "mine"))]
async fn run_mine(_addr: SocketAddr) -> anyhow::Result<()> {
    bail!("your answers are not built in; `cargo workbook peer 06` builds them in and calls them")
}
