//! The command line of lesson 11. Without an argument it tells the whole story in several processes;
//! `server` is for terminals beside a Consul; `rolling`, `crash` and `away` are the proofs, by hand.

mod demo;
mod fleet;
#[cfg(feature = "mine")]
mod mine;
mod proof;
mod prove;
mod serve;

use std::process::ExitCode;

use anyhow::bail;
use l09_register::registry::Registry;
use l11_deregister::maintenance;
use stage::commands::{Given, Program, command, flag, heading, hidden, option};

use crate::prove::Prove;
use crate::serve::Serve;

const PROGRAM: Program = Program {
    name: "l11-deregister",
    title: "Deregistration and graceful shutdown: lesson 11 of Sockets to Services.",
    commands: &[
        command(
            "",
            "the demo: a Consul, three greeters, callers, four scenes",
        ),
        command(
            "server",
            "a greeter that shuts down gracefully, in one terminal",
        ),
        command("hide ID", "maintenance: hides an instance from callers"),
        command("show ID", "and shows it again"),
        command(
            "rolling",
            "proof: restarts three instances in turn under load",
        ),
        command("crash", "proof: kills one of three under load"),
        command("away", "proof: kills Consul under load"),
        command(
            "--features mine -- mine",
            "your answer of `graceful-shutdown` with the real Consul",
        ),
    ],
    options: &[
        heading("Options of server"),
        option("addr ADDR", "where to listen", "127.0.0.1:8811"),
        option("name NAME", "the name that callers ask for", "greeter"),
        option(
            "instance NAME",
            "what it calls itself in its replies",
            "name and address",
        ),
        option(
            "reap-s S",
            "Consul forgets it when critical for so long",
            "60",
        ),
        option(
            "goodbye-ms MS",
            "the time for telling Consul that it leaves",
            "5000",
        ),
        heading("Options of server, hide and show"),
        option("consul ADDR", "the HTTP API of the agent", "127.0.0.1:8500"),
        option(
            "reason WORDS",
            "why it is hidden, for the person who looks",
            "none",
        ),
        heading("Options of server and the proofs"),
        option(
            "check-every-ms MS",
            "how often Consul looks",
            "10000; rolling and away 1000",
        ),
        option(
            "notice-ms MS",
            "answer on for so long after leaving the list",
            "1000",
        ),
        option(
            "grace-ms MS",
            "the time for calls under way after that",
            "10000",
        ),
        option(
            "slow-ms MS",
            "work so long before each answer",
            "0; proofs 20",
        ),
        flag("careless", "just end: say nothing, finish nothing"),
        heading("Options of the proofs; each prints what happens, and fails if a call has failed"),
        option("rounds N", "how often", "3; crash 1"),
        option("callers N", "how many call at the same time", "16"),
        flag("no-retry", "each call has one attempt"),
        option("seconds N", "how long Consul is away", "30"),
        flag(
            "reaped",
            "crash: wait until Consul has cleared the entry away",
        ),
        // For the demo and the proofs, which start this program as their instances.
        hidden("until-stdin-ends"),
    ],
    end: "\
server needs a Consul, and waits until there is one: `cargo workbook services up consul`, or
`cargo run -p l08-consul -- agent`. Ctrl-C ends it gracefully; a second Ctrl-C ends it at once.
",
};

fn main() -> ExitCode {
    PROGRAM.main(|given| {
        let runtime = tokio::runtime::Runtime::new()?;
        let done = runtime.block_on(run(given));
        // What still runs is cut off: the person who asked for the end has it now.
        runtime.shutdown_background();
        done
    })
}

async fn run(given: &Given) -> anyhow::Result<()> {
    let command = given.command();
    if let "hide" | "show" = command {
        given.at_most(1)?;
        let Some(id) = given.words().first() else {
            bail!("which instance? Give its id; `cargo run -p l09-register -- list` shows them");
        };
        let registry = Registry::at(given.address("consul")?)?;
        match command {
            "hide" => maintenance::hide(&registry, id, given.text("reason").unwrap_or("")).await?,
            _ => maintenance::show(&registry, id).await?,
        }
        return Ok(());
    }
    given.at_most(0)?;
    match command {
        "server" => {
            stage::log::init();
            serve::run(Serve::given(given)?).await
        }
        "mine" => {
            stage::log::init();
            run_mine().await
        }
        "rolling" | "crash" | "away" => prove::run(Prove::given(given)?).await,
        _ => demo::run().await,
    }
}

#[cfg(feature = "mine")]
use mine::run as run_mine;

#[cfg(not(feature = "mine"))]
async fn run_mine() -> anyhow::Result<()> {
    bail!("your answer is not built in: `cargo run -p l11-deregister --features mine -- mine`")
}
