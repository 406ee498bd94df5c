//! The command line of lesson 04. Without an argument it runs the demo in two processes; `server` and `client`
//! are for two terminals, and `measure` prints one row of the ladder.

mod demo;
mod measure;
mod peer;

use std::net::SocketAddr;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, ensure};
use l02_rpc::client::Client;
use l02_rpc::server::{Handshake, Settings};
use l04_typed_rpc::greeter::{ADDR, HelloClient, Local, services, welcome};
use l04_typed_rpc::versions::{OnePanda, scales_server};
use stage::commands::{Given, Program, command, flag, heading, hidden, option};
use stage::signal::{bind, on_signal, stopped, tell};

const PROGRAM: Program = Program {
    name: "l04-typed-rpc",
    title: "Typed RPC, the compiler checks the contract: lesson 04 of Sockets to Services.",
    commands: &[
        command("", "the demo: one caller, local and remote"),
        command("server", "a server, in one terminal"),
        command(
            "client Ada Grace",
            "a client, in another one: one call for each name",
        ),
        command("client --local Ada", "the same caller, without a server"),
        command("measure", "bytes, microseconds and lines of code of a call"),
    ],
    options: &[
        heading("Options of server and client"),
        option("addr ADDR", "the address to listen on, or to call", ADDR),
        heading("Options of client"),
        flag("local", "uses the local implementation, without a server"),
        // For the demo, which starts this program as its server.
        hidden("until-stdin-ends"),
    ],
    end: "Ctrl-C ends the server. A client of lesson 02 understands it: the bytes are the same.\n",
};

/// How long a client waits for a reply.
const TIMEOUT: Duration = Duration::from_secs(5);

fn main() -> ExitCode {
    PROGRAM.main(|given| {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .enable_all()
            .build()?;
        runtime.block_on(run(given))
    })
}

async fn run(given: &Given) -> anyhow::Result<()> {
    let addr = given.address("addr")?;
    if given.command() != "client" {
        given.at_most(0)?;
    }
    match given.command() {
        "server" => serve(addr, given.has("until-stdin-ends")).await,
        "client" => call((!given.has("local")).then_some(addr), given.words()).await,
        "measure" => measure::run().await,
        _ => demo::run().await,
    }
}

async fn serve(addr: SocketAddr, until_stdin_ends: bool) -> anyhow::Result<()> {
    let listener = bind(addr, "--addr 127.0.0.1:8081").await?;
    let shutdown = stopped(on_signal(until_stdin_ends)?);
    let mut services = services()?;
    services.register(scales_server(OnePanda))?;
    // From this line on clients get replies; tests wait for it.
    tell(&format!("listening on {}", listener.local_addr()?));
    let (services, settings) = (Arc::new(services), Settings::default());
    Ok(l02_rpc::server::serve(listener, Handshake::None, services, settings, shutdown).await?)
}

/// Calls the server at `addr`; `None` is the local implementation.
async fn call(addr: Option<SocketAddr>, names: &[String]) -> anyhow::Result<()> {
    ensure!(!names.is_empty(), "no name to greet. Give a name");
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    // `welcome` takes any implementation of the contract.
    let greetings = match addr {
        None => welcome(&Local, &names).await,
        Some(addr) => {
            let no_server = || {
                format!(
                    "no server answers at {addr}. Is the server running? \
                     `cargo run -p l04-typed-rpc -- server`"
                )
            };
            let client = Client::connect(addr, Settings::default()).await;
            welcome(
                &HelloClient::new(client.with_context(no_server)?, TIMEOUT),
                &names,
            )
            .await
        }
    };
    for greeting in greetings.context("the call failed")? {
        println!("{greeting}");
    }
    Ok(())
}
