//! The commands and options of the command line.

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::{Context, bail, ensure};
use l07_streaming::server::Settings;
use l07_streaming::service::Streams;
use l07_streaming::{client, pb};
use stage::commands::{Given, Program, command, heading, hidden, option};

pub const PROGRAM: Program = Program {
    name: "l07-streaming",
    title: "gRPC streaming: lesson 07 of Sockets to Services.",
    commands: &[
        command("", "the demo: two processes, eight scenes"),
        command("server", "a server, in one terminal"),
        command(
            "client greet wire",
            "one request, one reply; in another one",
        ),
        command("client repeat wire", "one request, many replies"),
        command("client greet-all ann ben", "many requests, one reply"),
        command("client chat", "both at once: type lines, Ctrl-D ends"),
        command("measure", "bytes and microseconds of a message"),
        command(
            "--features mine -- mine",
            "servers made of your own answers",
        ),
    ],
    options: &[
        heading("Options of server, client and mine"),
        option(
            "addr ADDR",
            "where to listen, or which server to call",
            "127.0.0.1:8800",
        ),
        heading("Options of server"),
        option("connections N", "connections at the same time", "100"),
        option("streams N", "calls at the same time on each", "100"),
        option("message BYTES", "the longest request message", "65536"),
        option("ahead N", "capacity of the channel, in messages", "8"),
        option("idle-ms MS", "a client may be silent this long", "60000"),
        option("longest-ms MS", "the longest call", "3600000"),
        option(
            "grace-ms MS",
            "the time for running calls when the server stops",
            "10000",
        ),
        heading("Options of client"),
        option("deadline-ms MS", "the call must be over by then", ""),
        option("window BYTES", "the flow-control window", "2 MB"),
        option("slow-ms MS", "wait this long after each reply", "0"),
        option("count N", "of repeat: how many replies", "5"),
        option("interval-ms MS", "of repeat: the time for each", "200"),
        option("payload BYTES", "of repeat: bytes in each", "0"),
        option(
            "tick-ms MS",
            "of chat: the server sends a tick this often",
            "",
        ),
        heading("Options of both"),
        option("token T", "sent with every call, or required", ""),
        option(
            "ping-ms MS",
            "PING a silent connection this often",
            "server 20000, client 300000",
        ),
        hidden("narrate"),
        hidden("until-stdin-ends"),
    ],
    end: "Ctrl-C ends the server; in the client it cancels the call. The server finishes running calls first,\n\
          within --grace-ms.\n",
};

/// A server.
pub struct Serve {
    pub addr: SocketAddr,
    pub settings: Settings,
    pub streams: Streams,
    /// Print the events, for the demo.
    pub narrate: bool,
    /// Ends with its standard input, which the program that started it holds open.
    pub until_stdin_ends: bool,
}

/// A call.
pub struct Ask {
    pub addr: SocketAddr,
    pub settings: client::Settings,
    pub kind: Kind,
    pub deadline: Option<Duration>,
    pub slow: Duration,
}

/// The four kinds of call.
pub enum Kind {
    Greet(String),
    Repeat(pb::RepeatRequest),
    GreetAll(Vec<String>),
    Chat { tick_ms: Option<u32> },
}

/// The options of `server`.
pub fn serve(given: &Given) -> anyhow::Result<Serve> {
    let (mut settings, mut streams) = (Settings::default(), Streams::default());
    settings.token = given.text("token").map(String::from);
    given.set("connections", &mut settings.connections)?;
    given.set("streams", &mut settings.streams)?;
    given.set("message", &mut settings.message)?;
    given.set_millis("longest-ms", &mut settings.longest)?;
    given.set_millis("grace-ms", &mut settings.grace)?;
    if let Some(every) = given.millis("ping-ms")? {
        (settings.ping, settings.pong) = (every, every);
    }
    given.set("ahead", &mut streams.ahead)?;
    let ahead = streams.ahead;
    ensure!(
        (1..=1_000_000).contains(&ahead),
        "--ahead {ahead}: from 1 to 1000000"
    );
    given.set_millis("idle-ms", &mut streams.idle)?;
    Ok(Serve {
        addr: given.address("addr")?,
        settings,
        streams,
        narrate: given.has("narrate"),
        until_stdin_ends: given.has("until-stdin-ends"),
    })
}

/// The options of `client`.
pub fn ask(given: &Given) -> anyhow::Result<Ask> {
    let mut settings = client::Settings {
        token: given.text("token").map(String::from),
        window: given.parsed("window")?,
        ..client::Settings::default()
    };
    if let Some(every) = given.millis("ping-ms")? {
        (settings.ping, settings.pong) = (every, every);
    }
    Ok(Ask {
        addr: given.address("addr")?,
        settings,
        kind: kind(given)?,
        deadline: given.millis("deadline-ms")?,
        slow: given.millis("slow-ms")?.unwrap_or_default(),
    })
}

fn kind(given: &Given) -> anyhow::Result<Kind> {
    let which = "which call? greet NAME, repeat NAME, greet-all NAME ..., or chat";
    let (kind, names) = given.words().split_first().context(which)?;
    let name = || names.first().cloned().context("whom to greet? Give a name");
    let (kind, words) = match kind.as_str() {
        "greet" => (Kind::Greet(name()?), 2),
        "repeat" => {
            let request = pb::RepeatRequest {
                name: name()?,
                count: given.value("count")?,
                interval_ms: given.value("interval-ms")?,
                payload_bytes: given.value("payload")?,
            };
            (Kind::Repeat(request), 2)
        }
        "greet-all" => (Kind::GreetAll(names.to_vec()), usize::MAX),
        "chat" => {
            let tick_ms = given.parsed("tick-ms")?;
            (Kind::Chat { tick_ms }, 1)
        }
        other => bail!("there is no call `{other}`; {which}"),
    };
    given.at_most(words)?;
    Ok(kind)
}
