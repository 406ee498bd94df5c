//! The command line of lesson 09. Without an argument it tells the whole story in several processes;
//! `server` is for terminals beside a Consul, `list` looks at it, `measure` fills one row of the ladder.

mod demo;
mod measure;
#[cfg(feature = "mine")]
mod mine;
mod serve;

use std::net::SocketAddr;
use std::process::ExitCode;

use anyhow::Context;
use l09_register::look;
use l09_register::registry::Registry;
use stage::commands::{Given, Program, command, heading, option};

use crate::serve::Serve;

const PROGRAM: Program = Program {
    name: "l09-register",
    title: "Service registration: lesson 09 of Sockets to Services.",
    commands: &[
        command("", "the demo: a Consul, some greeters, six scenes"),
        command("server", "a greeter that registers itself"),
        command("list", "the greeters in Consul, and their checks"),
        command("measure", "what registering costs"),
        command(
            "--features mine -- mine",
            "your answer of `register-greeter`",
        ),
    ],
    options: &[
        heading("Options of server"),
        option("addr ADDR", "where to listen", "127.0.0.1:8801"),
        option(
            "advertise A",
            "what others shall dial: an address,\nwith a port or without",
            "what is bound",
        ),
        option("id ID", "the id of this instance", "name, address and port"),
        option("check-every-ms MS", "how often Consul looks", "10000"),
        option("warm-up-ms MS", "call itself NOT_SERVING so long", "0"),
        heading("Options of server, list and mine"),
        option("consul ADDR", "the HTTP API of the agent", "127.0.0.1:8500"),
        option("name NAME", "the name that callers ask for", "greeter"),
    ],
    end: "\
It needs a Consul, and waits until there is one: `cargo workbook services up consul`, or
`cargo run -p l08-consul -- agent`. Ctrl-C takes the server off the list and ends it.
",
};

fn main() -> ExitCode {
    stage::log::init();
    PROGRAM.main(run)
}

#[tokio::main]
async fn run(given: &Given) -> anyhow::Result<()> {
    given.at_most(0)?;
    match given.command() {
        "server" => serve::run(Serve::given(given)?).await,
        "list" => list(given.address("consul")?, &given.value::<String>("name")?).await,
        "measure" => measure::run().await,
        "mine" => run_mine(given.address("consul")?).await,
        _ => demo::run().await,
    }
}

#[cfg(feature = "mine")]
use mine::run as run_mine;

#[cfg(not(feature = "mine"))]
async fn run_mine(_consul: SocketAddr) -> anyhow::Result<()> {
    anyhow::bail!(
        "your answer is not built in: `cargo run -p l09-register --features mine -- mine`"
    )
}

async fn list(consul: SocketAddr, name: &str) -> anyhow::Result<()> {
    let states = look::states(&Registry::at(consul)?, name).await.context(
        "is it running? `cargo workbook services up consul` starts one, and --consul says where it is",
    )?;
    if states.is_empty() {
        println!("Consul at {consul} knows no {name}");
    }
    for (id, checks) in states {
        println!("{id}");
        for (kind, seen) in checks {
            println!("    {kind:4}  {:8}  {}", seen.status, seen.output.trim());
        }
    }
    Ok(())
}
