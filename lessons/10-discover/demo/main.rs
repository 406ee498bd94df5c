//! The command line of lesson 10. Without an argument it tells the whole story in several processes;
//! `server`, `client` and `watch` are for terminals beside a Consul, `measure` fills one row of the
//! ladder.

mod call;
mod demo;
mod measure;
#[cfg(feature = "mine")]
mod mine;
mod serve;
mod show;

use std::process::ExitCode;

use stage::commands::{Given, Program, command, heading, option};

use crate::call::Call;
use crate::serve::Serve;

const PROGRAM: Program = Program {
    name: "l10-discover",
    title: "Service discovery: lesson 10 of Sockets to Services.",
    commands: &[
        command("", "the demo: a Consul, greeters, six scenes"),
        command("server", "a greeter that registers itself, in one terminal"),
        command(
            "client Ada",
            "greets Ada by the name of the service, in another",
        ),
        command("watch", "prints the healthy instances whenever they change"),
        command("measure", "what a call by name costs"),
        command(
            "--features mine -- mine",
            "your own answer of `healthy-instances`, with a Consul and three greeters",
        ),
    ],
    options: &[
        heading("Options of all three"),
        option("consul ADDR", "the HTTP API of the agent", "127.0.0.1:8500"),
        option("name NAME", "the name of the service", "greeter"),
        heading("Options of client and watch"),
        option("tag TAG", "only instances with this tag", "any"),
        heading("Options of client"),
        option("times N", "call so often", "1"),
        option("pause-ms MS", "between two calls", "0"),
        option("deadline-ms MS", "how long a call may take", "5000"),
        heading("Options of server"),
        option("addr ADDR", "where to listen", "127.0.0.1:8801"),
        option("check-every-ms MS", "how often Consul looks", "10000"),
    ],
    end: "\
They need a Consul: `cargo workbook services up consul`, or `cargo run -p l08-consul -- agent`.
Ctrl-C ends each of them; a server takes itself off the list first.
",
};

fn main() -> ExitCode {
    stage::log::init();
    PROGRAM.main(run)
}

#[tokio::main]
async fn run(given: &Given) -> anyhow::Result<()> {
    if given.command() == "client" {
        return call::run(Call::given(given)?).await;
    }
    given.at_most(0)?;
    match given.command() {
        "server" => serve::run(Serve::given(given)?).await,
        "watch" => show::run(given.address("consul")?, call::query(given)?).await,
        "measure" => measure::run().await,
        "mine" => run_mine().await,
        _ => demo::run().await,
    }
}

#[cfg(feature = "mine")]
use mine::run as run_mine;

#[cfg(not(feature = "mine"))]
async fn run_mine() -> anyhow::Result<()> {
    anyhow::bail!(
        "your answer is not built in: `cargo run -p l10-discover --features mine -- mine`"
    )
}
