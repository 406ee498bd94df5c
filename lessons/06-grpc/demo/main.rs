//! The command line of lesson 06. Without an argument it runs the demo in two processes;
//! `server` and `client` are for two terminals, `measure` fills one row of the ladder.

mod call;
mod measure;
#[cfg(feature = "mine")]
mod mine;
mod scenes;
mod serve;

use std::process::ExitCode;

use l06_grpc::client::Options;
use l06_grpc::server::Settings;
use stage::commands::{Given, Program, command, flag, heading, hidden, option};
use tokio::runtime::Builder;

use crate::call::{Call, Method};
use crate::serve::Serve;

const PROGRAM: Program = Program {
    name: "l06-grpc",
    title: "gRPC: lesson 06 of Sockets to Services.",
    commands: &[
        command("", "the demo: two processes, seven scenes"),
        command("server", "a server, in one terminal"),
        command("client Ada Grace", "a client, in another one"),
        command("measure", "bytes, microseconds and lines of code of a call"),
        command(
            "--features mine -- mine",
            "a server made of your own answers",
        ),
    ],
    options: &[
        heading("Options of server, client and mine"),
        option(
            "addr ADDR",
            "where to listen, or which server to call",
            "127.0.0.1:8800",
        ),
        heading("Options of server and client"),
        option("token T", "the token that every call needs", "none"),
        heading("Options of server"),
        option("slow-ms MS", "work so long before each answer", "0"),
        option("longest-ms MS", "the time until a reply begins", "30000"),
        option("connections N", "clients at the same time", "256"),
        option("streams N", "calls of each of them at the same time", "100"),
        option(
            "handshake-ms MS",
            "the time for a client's first bytes",
            "5000",
        ),
        heading("Options of client"),
        option(
            "method M",
            "greeter, hello, name, teacher or say",
            "greeter",
        ),
        option("age N", "the age of the teacher", "20"),
        option("deadline-ms MS", "how long a call may take", "5000"),
        option("connect-ms MS", "how long to look for the server", "5000"),
        flag("gzip", "compress, and ask for compressed replies"),
        flag("metadata", "show headers and trailers as well"),
        hidden("until-stdin-ends"),
    ],
    end: "Ctrl-C ends the server: calls under way are finished first. The address has to be known; how a\n\
          client finds a server without one is lesson 10.\n",
};

fn main() -> ExitCode {
    stage::log::init_with_details();
    PROGRAM.main(run)
}

fn run(given: &Given) -> anyhow::Result<()> {
    if given.command() != "client" {
        given.at_most(0)?;
    }
    // The server may use every core. A client waits for one thing at a time: tasks of one thread hand
    // over to each other without waking another one, and that is most of what a short call costs.
    let mut runtime = match given.command() {
        "server" | "mine" => Builder::new_multi_thread(),
        _ => Builder::new_current_thread(),
    };
    let runtime = runtime.enable_all().build()?;
    let done = runtime.block_on(async {
        match given.command() {
            "server" => serve::run(serve(given)?).await,
            "client" => call::run(call(given)?).await,
            "measure" => measure::run().await,
            "mine" => run_mine(given.address("addr")?).await,
            _ => scenes::run().await,
        }
    });
    // A thread may still stand in a read of the standard input; the program does not wait for it.
    runtime.shutdown_background();
    done
}

fn serve(given: &Given) -> anyhow::Result<Serve> {
    let mut settings = Settings {
        token: given.text("token").map(String::from),
        work: given.millis("slow-ms")?,
        ..Settings::default()
    };
    given.set_millis("longest-ms", &mut settings.longest)?;
    given.set("connections", &mut settings.connections)?;
    given.set("streams", &mut settings.streams)?;
    given.set_millis("handshake-ms", &mut settings.handshake)?;
    Ok(Serve {
        addr: given.address("addr")?,
        settings,
        until_stdin_ends: given.has("until-stdin-ends"),
    })
}

fn call(given: &Given) -> anyhow::Result<Call> {
    anyhow::ensure!(!given.words().is_empty(), "give at least one name to greet");
    let mut options = Options {
        token: given.text("token").map(String::from),
        gzip: given.has("gzip"),
        ..Options::default()
    };
    given.set_millis("deadline-ms", &mut options.deadline)?;
    given.set_millis("connect-ms", &mut options.connect_timeout)?;
    Ok(Call {
        addr: given.address("addr")?,
        options,
        method: Method::named(&given.value::<String>("method")?)?,
        age: given.value("age")?,
        metadata: given.has("metadata"),
        names: given.words().to_vec(),
    })
}

#[cfg(feature = "mine")]
use mine::run as run_mine;

#[cfg(not(feature = "mine"))]
async fn run_mine(_addr: std::net::SocketAddr) -> anyhow::Result<()> {
    anyhow::bail!(
        "your answers are not built in; `cargo workbook peer 06` builds them in and calls them"
    )
}
