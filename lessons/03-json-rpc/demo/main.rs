//! The command line of lesson 03. Without an argument it runs the demo in two processes; `server` and
//! `client` are for two terminals, and `measure` prints one row of the ladder.

mod demo;
mod measure;
#[cfg(feature = "mine")]
mod mine;
mod peer;

use std::net::SocketAddr;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, ensure};
use l03_json_rpc::client::{Client, Dialect};
use l03_json_rpc::host::{self, Settings};
use l03_json_rpc::v2::{Rpc, handler};
use l03_json_rpc::{go, http};
use serde_json::Value;
use stage::commands::{Given, Program, command, flag, heading, hidden, option};
use stage::signal::{bind, on_signal, stopped, tell};

const PROGRAM: Program = Program {
    name: "l03-json-rpc",
    title: "JSON-RPC 2.0: lesson 03 of Sockets to Services.",
    commands: &[
        command("", "the demo: two processes, three ports"),
        command("server", "a server, in one terminal"),
        command("client wire 100", "a client, in another one"),
        command("measure", "bytes, microseconds and lines of code of a call"),
        command(
            "--features mine -- mine",
            "a server made of your own answer",
        ),
    ],
    options: &[
        heading("Options of server and client"),
        option(
            "addr ADDR",
            "JSON-RPC 2.0, a message a line",
            "127.0.0.1:8080",
        ),
        heading("Options of server"),
        option(
            "http-addr ADDR",
            "JSON-RPC 2.0, HTTP POST",
            "127.0.0.1:8081",
        ),
        option(
            "go-addr ADDR",
            "the dialect of Go's net/rpc/jsonrpc",
            "127.0.0.1:8082",
        ),
        option("message BYTES", "the longest message", "2097152"),
        option("time-ms MS", "the time for each message", "30000"),
        option("clients N", "the most connections on each port", "100"),
        heading("Options of client"),
        flag(
            "go",
            "speaks Go's dialect; ADDR is then 127.0.0.1:8082, as for mine",
        ),
        // For the demo, which starts this program as its server.
        hidden("until-stdin-ends"),
    ],
    end: "\
A whole number is sent to Panda.GetInfo, every other word to hello.HelloWorld.

Ctrl-C ends the server. Any program that writes JSON can be the client, for example:
  curl -H 'Content-Type: application/json' 127.0.0.1:8081 \\
    -d '{\"jsonrpc\":\"2.0\",\"method\":\"hello.HelloWorld\",\"params\":[\"wire\"],\"id\":1}'
",
};

fn main() -> ExitCode {
    PROGRAM.main(|given| {
        if given.command() != "client" {
            given.at_most(0)?;
        }
        // Where Go's dialect is spoken, it is on a port of its own.
        let in_go = given.has("go") || given.command() == "mine";
        let addr = match given.text("addr") {
            None if in_go => given.address("go-addr")?,
            _ => given.address("addr")?,
        };
        // The server may use every core. A client waits for one thing at a time: tasks of one thread hand
        // over to each other without waking another one, and that is most of what a short call costs.
        let mut runtime = match given.command() {
            "server" => tokio::runtime::Builder::new_multi_thread(),
            _ => tokio::runtime::Builder::new_current_thread(),
        };
        let runtime = runtime.enable_all().build()?;
        match given.command() {
            "server" => runtime.block_on(serve(addr, given)),
            "client" => runtime.block_on(call(addr, in_go, given.words())),
            "measure" => runtime.block_on(measure::run()),
            "mine" => runtime.block_on(mine(addr)),
            _ => demo::run(),
        }
    })
}

#[cfg(feature = "mine")]
use mine::run as mine;

#[cfg(not(feature = "mine"))]
async fn mine(_addr: SocketAddr) -> anyhow::Result<()> {
    anyhow::bail!("your answer is not built in; `cargo workbook peer 03` builds it in and calls it")
}

async fn serve(addr: SocketAddr, given: &Given) -> anyhow::Result<()> {
    let mut settings = Settings::default();
    given.set("message", &mut settings.message)?;
    given.set_millis("time-ms", &mut settings.time)?;
    given.set("clients", &mut settings.clients)?;
    let lines = bind(addr, "--addr 127.0.0.1:9091").await?;
    let http = bind(given.address("http-addr")?, "--http-addr 127.0.0.1:9091").await?;
    let go = bind(given.address("go-addr")?, "--go-addr 127.0.0.1:9091").await?;
    let stop = on_signal(given.has("until-stdin-ends"))?;
    // A client gets an answer from the last line on: people and tests wait for it.
    tell(&format!("http on {}", http.local_addr()?));
    tell(&format!("go on {}", go.local_addr()?));
    tell(&format!("listening on {}", lines.local_addr()?));

    let rpc = Rpc::new(handler());
    let (of_lines, of_go) = (
        host::Dialect::Lines(rpc.clone()),
        host::Dialect::Go(go::methods),
    );
    tokio::try_join!(
        host::serve(lines, of_lines, settings, stopped(stop.clone())),
        http::serve(http, rpc, settings, stopped(stop.clone())),
        host::serve(go, of_go, settings, stopped(stop)),
    )?;
    Ok(())
}

/// The client's time limit for each call.
const TIMEOUT: Duration = Duration::from_secs(5);

async fn call(addr: SocketAddr, in_go: bool, words: &[String]) -> anyhow::Result<()> {
    ensure!(
        !words.is_empty(),
        "the call needs an argument. Give a name, or a number"
    );
    let dialect = if in_go { Dialect::Go } else { Dialect::Lines };
    let not_connected = || {
        format!(
            "no server answers at {addr}. Is the server running? `cargo run -p l03-json-rpc -- server`"
        )
    };
    let client = Client::connect(addr, dialect, TIMEOUT).await;
    let client = client.with_context(not_connected)?;
    let mut failed = 0;
    for word in words {
        let (method, argument) = match word.parse::<i64>() {
            Ok(number) => ("Panda.GetInfo", Value::from(number)),
            Err(_) => ("hello.HelloWorld", Value::from(word.as_str())),
        };
        match client.call(method, argument).await {
            Ok(Value::String(text)) => println!("{text}"),
            Ok(other) => println!("{other}"),
            // After a failed call the client makes the next one.
            Err(error) => {
                failed += 1;
                eprintln!("l03-json-rpc: {method} for `{word}` failed: {error}");
            }
        }
    }
    ensure!(failed == 0, "{failed} of {} calls failed", words.len());
    Ok(())
}
