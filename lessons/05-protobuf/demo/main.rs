//! The command line of lesson 05. Without an argument it runs the demo in two processes;
//! `server` and `client` are for two terminals, `measure` compares with JSON and fills one row of the
//! ladder.

mod demo;
mod measure;
mod peer;

use std::net::SocketAddr;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, ensure};
use l05_protobuf::client::Client;
use l05_protobuf::host::{self, Settings};
use stage::commands::{Given, Program, command, heading, hidden, option};
use stage::signal::{bind, on_signal, stopped, tell};

const PROGRAM: Program = Program {
    name: "l05-protobuf",
    title: "Protocol Buffers, fewer bytes and a schema that can change: lesson 05 of Sockets to Services.",
    commands: &[
        command("", "the demo: bytes explained, two processes, two versions"),
        command("server", "a server, in one terminal"),
        command(
            "client Ada Grace",
            "a client, in another one: one call for each name",
        ),
        command(
            "measure",
            "size and time beside JSON, and a row of the ladder",
        ),
    ],
    options: &[
        heading("Options of server and client"),
        option(
            "addr ADDR",
            "the address to listen on, or to call",
            "127.0.0.1:8080",
        ),
        heading("Options of server"),
        option("message BYTES", "the longest message, in bytes", "65536"),
        option("time-ms MS", "the time for each message", "30000"),
        option("clients N", "the clients at the same time", "100"),
        // For the demo, which starts this program as its server.
        hidden("until-stdin-ends"),
    ],
    end: "\
Ctrl-C ends the server. Any program that writes delimited protobuf can be the client; by hand:
  printf '\\x06\\x0a\\x04wire' | nc -N 127.0.0.1 8080 | od -c
",
};

fn main() -> ExitCode {
    PROGRAM.main(|given| {
        let addr = given.address("addr")?;
        if given.command() != "client" {
            given.at_most(0)?;
        }
        // The server may use every core. A client makes one call at a time.
        let mut runtime = match given.command() {
            "server" => tokio::runtime::Builder::new_multi_thread(),
            _ => tokio::runtime::Builder::new_current_thread(),
        };
        let runtime = runtime.enable_all().build()?;
        match given.command() {
            "server" => runtime.block_on(serve(addr, given)),
            "client" => runtime.block_on(call(addr, given.words())),
            "measure" => runtime.block_on(measure::run()),
            _ => demo::run(),
        }
    })
}

async fn serve(addr: SocketAddr, given: &Given) -> anyhow::Result<()> {
    let mut settings = Settings {
        observe: |client, why| tell(&format!("connection of {client} closed: {why}")),
        ..Settings::default()
    };
    given.set("message", &mut settings.max_message)?;
    given.set_millis("time-ms", &mut settings.message_timeout)?;
    given.set("clients", &mut settings.max_clients)?;
    let listener = bind(addr, "--addr 127.0.0.1:8081").await?;
    let shutdown = stopped(on_signal(given.has("until-stdin-ends"))?);
    // From this line on clients get replies; tests wait for it.
    tell(&format!("listening on {}", listener.local_addr()?));
    Ok(host::serve(listener, settings, shutdown).await?)
}

/// How long a client waits for a reply.
const TIMEOUT: Duration = Duration::from_secs(5);

async fn call(addr: SocketAddr, names: &[String]) -> anyhow::Result<()> {
    ensure!(!names.is_empty(), "no name to greet. Give a name");
    let no_server = || {
        format!(
            "no server answers at {addr}. Is the server running? `cargo run -p l05-protobuf -- server`"
        )
    };
    let client = Client::connect(addr, TIMEOUT).await;
    let mut client = client.with_context(no_server)?;
    for name in names {
        let greeting = client.greet(name).await;
        let greeting = greeting.with_context(|| format!("the call for `{name}` failed"))?;
        println!("{greeting}");
    }
    Ok(())
}
