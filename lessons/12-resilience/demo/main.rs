//! The command line of lesson 12. Without an argument it tells the whole story in several processes;
//! `server` and `client` are for terminals, `measure` fills one row of the ladder.

mod ask;
mod fleet;
mod load;
mod measure;
#[cfg(feature = "mine")]
mod mine;
mod options;
mod scenes;
mod serve;
mod world;

use std::process::ExitCode;

use stage::commands::{Given, Program, command, flag, heading, hidden, option};

const PROGRAM: Program = Program {
    name: "l12-resilience",
    title: "Load balancing and resilience: lesson 12 of Sockets to Services.",
    commands: &[
        command("", "the demo: three calculators, one of them fails"),
        command("server", "a calculator, in one terminal"),
        command(
            "client mul 25 4",
            "25 * 4, in another; also: div 25 4, remember 5",
        ),
        command("measure", "what selector, budget and ejection cost"),
        command(
            "--features mine -- mine",
            "your own answer of `retry-layer`, with five servers",
        ),
    ],
    options: &[
        heading("Options of server and client"),
        option(
            "addr ADDR",
            "where to listen, or where to call",
            "127.0.0.1:8972",
        ),
        heading("Options of server"),
        option(
            "name NAME",
            "what it calls itself in its replies",
            "arith- and its address",
        ),
        option(
            "sick HOW",
            "slow=MS, failing (says UNAVAILABLE), losing (works, then\nsays UNAVAILABLE), refusing (accepts no connection)",
            "none: it is healthy",
        ),
        flag("quiet", "do not tell about each call"),
        heading("Options of client, and of a server that calls others instead of calculating"),
        option(
            "servers A,B,C",
            "which servers can be called; ADDR=5 has weight 5",
            "--addr",
        ),
        option(
            "select HOW",
            "random, round-robin, weighted, consistent-hash",
            "random",
        ),
        option("seed N", "for its random choices", "random"),
        option("fail MODE", "fast, try, over, backup", "try"),
        option("attempts N", "of try and over, the first one included", "3"),
        option(
            "attempt-ms MS",
            "the time for one of several attempts",
            "what remains",
        ),
        option(
            "backup-ms MS",
            "backup sends a second call after so long",
            "10",
        ),
        option(
            "budget PERCENT",
            "of the calls may be retried; off: all of them",
            "20",
        ),
        flag("no-eject", "never eject a member that fails"),
        option("deadline-ms MS", "the time for a call", "5000"),
        heading("Options of client"),
        option("key KEY", "for consistent-hash", "none"),
        option("times N", "call so often", "1"),
        option("pause-ms MS", "between two calls", "0"),
        // For the demo, which starts this program as its instances.
        hidden("until-stdin-ends"),
    ],
    end: "Ctrl-C ends each of them; a server finishes the calls under way first.\n",
};

fn main() -> ExitCode {
    PROGRAM.main(run)
}

#[tokio::main]
async fn run(given: &Given) -> anyhow::Result<()> {
    if given.command() == "client" {
        return ask::run(given).await;
    }
    given.at_most(0)?;
    match given.command() {
        "server" => serve::run(given).await,
        "measure" => measure::run().await,
        "mine" => run_mine().await,
        _ => scenes::run().await,
    }
}

#[cfg(feature = "mine")]
use mine::run as run_mine;

#[cfg(not(feature = "mine"))]
async fn run_mine() -> anyhow::Result<()> {
    anyhow::bail!(
        "your answer is not built in: `cargo run -p l12-resilience --features mine -- mine`"
    )
}
