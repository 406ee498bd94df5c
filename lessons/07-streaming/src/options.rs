//! What the command line may say.

use std::ffi::OsString;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, bail};
use l07_streaming::server::Settings;
use l07_streaming::service::Streams;
use l07_streaming::{client, pb};
use lexopt::prelude::*;

pub const HELP: &str = "\
Many messages, one call: lesson 07 of Sockets to Services.

  cargo run -p l07-streaming                          the demo: two processes, nine scenes
  cargo run -p l07-streaming -- server                a server, in one terminal
  cargo run -p l07-streaming -- client greet wire         one request, one reply; in another one
  cargo run -p l07-streaming -- client repeat wire        one request, many replies
  cargo run -p l07-streaming -- client greet-all ann ben  many requests, one reply
  cargo run -p l07-streaming -- client chat               both at once: type lines, Ctrl-D ends
  cargo run -p l07-streaming -- measure               bytes and microseconds of a message
  cargo run -p l07-streaming --features mine -- mine  servers made of your own answers

Options of server, client and mine:
  --addr ADDR        where to listen, or whom to call  [127.0.0.1:8800]
Options of server:
  --tls              speak TLS, with certificates made on the spot
  --certs FOLDER     keep them there, and use those that are there; includes --tls
  --connections N    connections at the same time      [100]
  --streams N        calls at the same time on each    [100]
  --message BYTES    the longest message of a caller   [65536]
  --ahead N          messages made and not yet sent    [8]
  --idle-ms MS       a caller may be silent so long    [60000]
  --longest-ms MS    the longest call                  [3600000]
  --grace-ms MS      calls may take so long to finish when the server stops  [10000]
Options of client:
  --ca FILE          speak TLS, and trust whom this authority has signed
  --deadline-ms MS   the call must be over by then
  --window BYTES     take so much before it is read    [2 MB]
  --slow-ms MS       read a reply only every so often
  --count N          of repeat: how many               [5]
  --interval-ms MS   of repeat: each takes so long     [200]
  --payload BYTES    of repeat: so much beside each    [0]
  --tick-ms MS       of chat: let the server speak without being asked
Options of both:
  --token T          what every call has to bring
  --ping-ms MS       ask a silent connection so often whether it is alive
                     [server 20000, client 300000]

Ctrl-C ends the server; in the client it cancels the call. The server finishes what is under way
first, as long as --grace-ms allows.
";

const ADDR: &str = "127.0.0.1:8800";

/// What was asked for.
pub enum Command {
    Demo,
    Help,
    Server(Box<Serve>),
    Client(Box<Ask>),
    Measure,
    Mine(SocketAddr),
}

/// A server.
pub struct Serve {
    pub addr: SocketAddr,
    pub settings: Settings,
    pub streams: Streams,
    pub tls: bool,
    pub certificates: Option<PathBuf>,
    /// Tell what happens, for the demo.
    pub narrate: bool,
    /// Ends with its standard input: whoever started it and holds that may be killed.
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

/// Which of the four.
pub enum Kind {
    Greet(String),
    Repeat(pb::RepeatRequest),
    GreetAll(Vec<String>),
    Chat { tick_ms: Option<u32> },
}

/// Everything that options can set.
struct Given {
    words: Vec<String>,
    addr: SocketAddr,
    settings: Settings,
    streams: Streams,
    tls: bool,
    certificates: Option<PathBuf>,
    narrate: bool,
    until_stdin_ends: bool,
    client: client::Settings,
    deadline: Option<Duration>,
    slow: Duration,
    repeat: pb::RepeatRequest,
    tick_ms: Option<u32>,
}

/// Reads the command line.
pub fn parse() -> anyhow::Result<Command> {
    read(std::env::args_os().skip(1))
}

fn read(args: impl IntoIterator<Item = OsString>) -> anyhow::Result<Command> {
    let mut parser = lexopt::Parser::from_args(args);
    let mut given = Given {
        words: Vec::new(),
        addr: ADDR.parse()?,
        settings: Settings::default(),
        streams: Streams::default(),
        tls: false,
        certificates: None,
        narrate: false,
        until_stdin_ends: false,
        client: client::Settings::default(),
        deadline: None,
        slow: Duration::ZERO,
        repeat: pb::RepeatRequest {
            name: String::new(),
            count: 5,
            interval_ms: 200,
            payload_bytes: 0,
        },
        tick_ms: None,
    };
    while let Some(arg) = parser.next()? {
        match arg {
            Short('h') | Long("help") => return Ok(Command::Help),
            Value(value) => given.words.push(value.string()?),
            Long(name) => {
                let name = name.to_string();
                if !option(&name, &mut parser, &mut given)? {
                    bail!("there is no option `--{name}`; `--help` shows what there is");
                }
            }
            other => return Err(other.unexpected().into()),
        }
    }
    command(given)
}

fn option(name: &str, parser: &mut lexopt::Parser, given: &mut Given) -> anyhow::Result<bool> {
    let mut ms = || -> anyhow::Result<Duration> {
        let ms: u64 = parser.value()?.parse()?;
        Ok(Duration::from_millis(ms))
    };
    match name {
        "addr" => {
            let text = parser.value()?.string()?;
            let example = "an address looks like 127.0.0.1:8800";
            let parsed = text.parse();
            given.addr = parsed.with_context(|| format!("--addr {text}: {example}"))?;
        }
        "token" => {
            let token = parser.value()?.string()?;
            given.client.token = Some(token.clone());
            given.settings.token = Some(token);
        }
        "tls" => given.tls = true,
        "certs" => {
            given.tls = true;
            given.certificates = Some(parser.value()?.into());
        }
        "connections" => given.settings.connections = parser.value()?.parse()?,
        "streams" => given.settings.streams = parser.value()?.parse()?,
        "message" => given.settings.message = parser.value()?.parse()?,
        "ahead" => {
            let ahead = parser.value()?.parse()?;
            if !(1..=1_000_000).contains(&ahead) {
                bail!("--ahead {ahead}: from 1 to 1000000, a channel must have room and an end");
            }
            given.streams.ahead = ahead;
        }
        "idle-ms" => given.streams.idle = ms()?,
        "longest-ms" => given.settings.longest = ms()?,
        "grace-ms" => given.settings.grace = ms()?,
        "ping-ms" => {
            let every = ms()?;
            (given.settings.ping, given.settings.pong) = (every, every);
            (given.client.ping, given.client.pong) = (every, every);
        }
        "ca" => {
            let file: PathBuf = parser.value()?.into();
            let read = std::fs::read_to_string(&file);
            let what = || format!("--ca {}: no certificate can be read there", file.display());
            given.client.authority = Some(read.with_context(what)?);
        }
        "deadline-ms" => given.deadline = Some(ms()?),
        "window" => given.client.window = Some(parser.value()?.parse()?),
        "slow-ms" => given.slow = ms()?,
        "count" => given.repeat.count = parser.value()?.parse()?,
        "interval-ms" => given.repeat.interval_ms = parser.value()?.parse()?,
        "payload" => given.repeat.payload_bytes = parser.value()?.parse()?,
        "tick-ms" => given.tick_ms = Some(parser.value()?.parse()?),
        // These two are for the demo, which starts this program as its server.
        "narrate" => given.narrate = true,
        "until-stdin-ends" => given.until_stdin_ends = true,
        _ => return Ok(false),
    }
    Ok(true)
}

fn command(given: Given) -> anyhow::Result<Command> {
    let mut words = given.words.into_iter();
    let command = match words.next().as_deref() {
        None => Command::Demo,
        Some("server") => Command::Server(Box::new(Serve {
            addr: given.addr,
            settings: given.settings,
            streams: given.streams,
            tls: given.tls,
            certificates: given.certificates,
            narrate: given.narrate,
            until_stdin_ends: given.until_stdin_ends,
        })),
        Some("measure") => Command::Measure,
        Some("mine") => Command::Mine(given.addr),
        Some("client") => {
            let which = "which call? greet NAME, repeat NAME, greet-all NAME ..., or chat";
            let kind = words.next().context(which)?;
            let mut name = || words.next().context("whom to greet? Give a name");
            let kind = match kind.as_str() {
                "greet" => Kind::Greet(name()?),
                "repeat" => Kind::Repeat(pb::RepeatRequest {
                    name: name()?,
                    ..given.repeat
                }),
                "greet-all" => Kind::GreetAll(words.by_ref().collect()),
                "chat" => Kind::Chat {
                    tick_ms: given.tick_ms,
                },
                other => bail!("there is no call `{other}`; {which}"),
            };
            Command::Client(Box::new(Ask {
                addr: given.addr,
                settings: given.client,
                kind,
                deadline: given.deadline,
                slow: given.slow,
            }))
        }
        Some(other) => bail!("there is no `{other}`; `--help` shows what there is"),
    };
    if let Some(word) = words.next() {
        bail!("`{word}` is one word too many; `--help` shows what there is");
    }
    Ok(command)
}
