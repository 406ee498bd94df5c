//! The command line of lesson 01. Without an argument it tells the whole story in two processes;
//! `server` and `client` are for two terminals, `measure` fills one row of the ladder.

mod demo;
mod measure;

use std::net::{SocketAddr, TcpListener};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, ensure};
use l01_tcp::protocol::{DEFAULT_ADDR, Event, Settings};
use l01_tcp::{blocking, nonblocking};
use stage::commands::{Given, Program, command, flag, heading, hidden, option};
use stage::signal::{on_signal, on_signal_blocking, stopped, taken, tell};
use stage::story::stamp;

const PROGRAM: Program = Program {
    name: "l01-tcp",
    title: "TCP, a stream of bytes: lesson 01 of Sockets to Services.",
    commands: &[
        command("", "the demo: two processes, and every byte between them"),
        command("server", "a server, in one terminal"),
        command(
            "client Ada Grace",
            "a client, in another one: one call for each name",
        ),
        command("measure", "bytes, microseconds and lines of code of a call"),
    ],
    options: &[
        heading("Options of server and client"),
        option(
            "addr ADDR",
            "where to listen, or the server to call",
            DEFAULT_ADDR,
        ),
        flag(
            "tokio",
            "the tokio version; without it, the one on std::net and threads",
        ),
        heading("Options of server"),
        option("line BYTES", "the longest line that is taken", "256"),
        option("time-ms MS", "the time for each line", "30000"),
        option("clients N", "how many are served at the same time", "100"),
        // For the demo, which starts this program as its server.
        hidden("narrate"),
        hidden("until-stdin-ends"),
    ],
    end: "Ctrl-C ends the server. Any program that speaks TCP can be the client, for example:\n  \
          printf 'Ada\\n' | nc -N 127.0.0.1 8080\n",
};

fn main() -> ExitCode {
    PROGRAM.main(|given| {
        let addr = given.address("addr")?;
        if given.command() != "client" {
            given.at_most(0)?;
        }
        match given.command() {
            "server" => serve(addr, given),
            "client" => call(addr, given.has("tokio"), given.words()),
            "measure" => measure::run(),
            _ => demo::run(),
        }
    })
}

fn serve(addr: SocketAddr, given: &Given) -> anyhow::Result<()> {
    let mut settings = Settings::default();
    given.set("line", &mut settings.max_line)?;
    given.set_millis("time-ms", &mut settings.line_timeout)?;
    given.set("clients", &mut settings.max_clients)?;
    if given.has("narrate") {
        settings.observe = narrate;
    }
    let with_stdin = given.has("until-stdin-ends");
    let listener = TcpListener::bind(addr);
    let listener = listener.map_err(|error| taken(addr, "--addr 127.0.0.1:8081", &error))?;
    // A client gets an answer from this line on: people and tests wait for it.
    let ready = format!("listening on {}", listener.local_addr()?);
    if !given.has("tokio") {
        let shutdown = on_signal_blocking(with_stdin)?;
        tell(&ready);
        return Ok(blocking::serve(listener, settings, shutdown)?);
    }
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        listener.set_nonblocking(true)?;
        let listener = tokio::net::TcpListener::from_std(listener)?;
        let shutdown = stopped(on_signal(with_stdin)?);
        tell(&ready);
        Ok(nonblocking::serve(listener, settings, shutdown).await?)
    })
}

/// Prints one line for each event of the server, with its time.
fn narrate(event: Event<'_>) {
    match event {
        Event::Read(bytes) => {
            let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
            stamp(&format!("read {hex}"));
        }
        Event::Finished => stamp("finished"),
        Event::Refused(refusal) => stamp(&format!("refused {refusal}")),
    }
}

/// How long a client waits for a server that does not answer.
const TIMEOUT: Duration = Duration::from_secs(5);

fn call(addr: SocketAddr, tokio: bool, names: &[String]) -> anyhow::Result<()> {
    ensure!(
        !names.is_empty(),
        "give a name, or several: the server greets each"
    );
    let unreachable = || {
        format!(
            "no server answers at {addr}. Is the server running? `cargo run -p l01-tcp -- server`"
        )
    };
    let failed = |name: &str| format!("the call for `{name}` failed");
    if !tokio {
        let mut client = blocking::Client::connect(addr, TIMEOUT).with_context(unreachable)?;
        for name in names {
            println!("{}", client.greet(name).with_context(|| failed(name))?);
        }
        return Ok(client.finish()?);
    }
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let client = nonblocking::Client::connect(addr, TIMEOUT).await;
        let mut client = client.with_context(unreachable)?;
        for name in names {
            let greeting = client.greet(name).await;
            println!("{}", greeting.with_context(|| failed(name))?);
        }
        Ok(client.finish().await?)
    })
}
