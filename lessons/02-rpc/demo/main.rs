//! The command line of lesson 02. Without an argument it runs the demo in two processes; `server` and `client` are
//! for two terminals, and `measure` prints one row of the ladder.

mod demo;
mod measure;
#[cfg(feature = "mine")]
mod mine;
mod peer;
mod story;

use std::net::SocketAddr;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, bail};
use l02_rpc::client::Client;
use l02_rpc::greeter::{HTTP_ADDR, PLAIN_ADDR, services};
use l02_rpc::server::{Handshake, Settings};
use stage::commands::{Given, Program, command, flag, heading, hidden, option};
use stage::signal::{bind, on_signal, stopped, tell};

const PROGRAM: Program = Program {
    name: "l02-rpc",
    title: "RPC, a function call to another program: lesson 02 of Sockets to Services.",
    commands: &[
        command("", "the demo: two processes, and the bytes of their calls"),
        command("server", "a server, in one terminal"),
        command("client hello.HelloWorld wire", "a call, in another one"),
        command("client Panda.GetInfo 100", "another call"),
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
            "the address to listen on, or to call",
            PLAIN_ADDR,
        ),
        flag(
            "http",
            "behind HTTP, by CONNECT; ADDR is then 127.0.0.1:10086",
        ),
        heading("Options of server"),
        option("frame BYTES", "the longest frame that is accepted", "65536"),
        option(
            "in-flight N",
            "calls of one connection that run at the same time",
            "1024",
        ),
        option("time-ms MS", "the time for each frame", "30000"),
        option("clients N", "connections at the same time", "1000"),
        // For the demo, which starts this program as its server.
        hidden("narrate"),
        hidden("until-stdin-ends"),
    ],
    end: "\
A call is a method and its argument. A whole number is sent as a number (u32), anything else as
text; `()` is no argument, and words after the first make a list: `client hello.HelloLater wire 50`.
With --http a browser is answered as well: http://127.0.0.1:10086/. Ctrl-C ends the server.
",
};

/// How long `client` waits for a reply.
const LIMIT: Duration = Duration::from_secs(15);

fn main() -> ExitCode {
    PROGRAM.main(|given| {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .enable_all()
            .build()?;
        runtime.block_on(run(given))
    })
}

async fn run(given: &Given) -> anyhow::Result<()> {
    let (handshake, usual) = if given.has("http") {
        (Handshake::HttpConnect, HTTP_ADDR)
    } else {
        (Handshake::None, PLAIN_ADDR)
    };
    let addr = match given.text("addr") {
        Some(_) => given.address("addr")?,
        None => usual.parse()?,
    };
    if given.command() != "client" {
        given.at_most(0)?;
    }
    match given.command() {
        "server" => serve(addr, handshake, given).await,
        "client" => {
            let words = given.words().split_first();
            let (method, argument) =
                words.context("which method? For example: client hello.HelloWorld wire")?;
            call(addr, handshake, method, argument).await
        }
        "measure" => measure::run().await,
        "mine" => mine(addr).await,
        _ => demo::run().await,
    }
}

#[cfg(feature = "mine")]
use mine::run as mine;

#[cfg(not(feature = "mine"))]
async fn mine(_addr: SocketAddr) -> anyhow::Result<()> {
    bail!("your answers are not built in; `cargo workbook peer 02` builds them in and calls them")
}

async fn serve(addr: SocketAddr, handshake: Handshake, given: &Given) -> anyhow::Result<()> {
    let mut settings = Settings::default();
    given.set("frame", &mut settings.max_frame)?;
    given.set("in-flight", &mut settings.max_in_flight)?;
    given.set_millis("time-ms", &mut settings.frame_timeout)?;
    given.set("clients", &mut settings.max_connections)?;
    if given.has("narrate") {
        settings.observe = story::narrate;
    }
    let listener = bind(addr, "--addr 127.0.0.1:8081").await?;
    let shutdown = stopped(on_signal(given.has("until-stdin-ends"))?);
    let services = Arc::new(services()?);
    // From this line on clients are served; tests wait for it.
    tell(&format!("listening on {}", listener.local_addr()?));
    Ok(l02_rpc::server::serve(listener, handshake, services, settings, shutdown).await?)
}

async fn call(
    addr: SocketAddr,
    handshake: Handshake,
    method: &str,
    argument: &[String],
) -> anyhow::Result<()> {
    let http = if handshake == Handshake::HttpConnect {
        " --http"
    } else {
        ""
    };
    let hint = || {
        format!(
            "no server answers at {addr}. Is the server running? `cargo run -p l02-rpc -- server{http}`"
        )
    };
    let settings = Settings::default();
    let client = match handshake {
        Handshake::None => Client::connect(addr, settings).await,
        Handshake::HttpConnect => Client::connect_http(addr, settings).await,
    }
    .with_context(hint)?;
    let failed = || format!("`{method}` failed");
    let number = |text: &str| text.parse::<u32>().ok();
    // The types are guessed from the words: the bytes of a call do not contain them.
    let call = async {
        match argument {
            [name, ms] => {
                let ms: u64 = ms.parse().context("the second argument is a time in ms")?;
                let value = client.call(method, &(name, ms)).await;
                value.with_context(failed)
            }
            [text] if text != "()" => match number(text) {
                Some(number) => {
                    let value: u32 = client.call(method, &number).await.with_context(failed)?;
                    Ok(value.to_string())
                }
                None => client.call(method, &text).await.with_context(failed),
            },
            [] | [_] => {
                let value: u32 = client.call(method, &()).await.with_context(failed)?;
                Ok(value.to_string())
            }
            _ => bail!("no method of this server takes so many arguments"),
        }
    };
    let value = tokio::time::timeout(LIMIT, call)
        .await
        .context("no answer in time")??;
    println!("{value}");
    Ok(())
}
