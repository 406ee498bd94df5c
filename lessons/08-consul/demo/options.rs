//! What the command line may say.

use std::ffi::OsString;
use std::net::SocketAddr;
use std::path::PathBuf;

use anyhow::{Context, bail};
use l08_consul::agent::Config;
use lexopt::prelude::*;

pub const HELP: &str = "\
A phone book that checks who is alive: lesson 08 of Sockets to Services.

  cargo run -p l08-consul                     the demo: three greeters, our agent, the real Consul
  cargo run -p l08-consul -- agent            the readable agent, in one terminal
  cargo run -p l08-consul -- get PATH         one question to an agent, in another one
  cargo run -p l08-consul -- put PATH [BODY]  as `get`; a BODY of @FILE is read from the file
  cargo run -p l08-consul -- delete PATH      as `get`
  cargo run -p l08-consul -- dns NAME         a question to the name server of a real Consul
  cargo run -p l08-consul -- greeters         three greeters; a line such as `1 status 429` makes
                                              the first one busy, `2 close` closes a port
  cargo run -p l08-consul -- measure          what a registration and a lookup cost
  cargo run -p l08-consul -- reading          the agent's files in reading order, with their sizes

The agent has the HTTP API of Consul 1.8.7 that services and their callers use. Options of agent:
  --http-addr ADDR         where the HTTP API listens  [127.0.0.1:8500]
  --config-dir DIR         definition files (*.json): service, services, check, checks
  --node NAME              the name of this node  [agent-one]
  --enable-script-checks   let a check be a command on this machine (`args`)
Options of get, put, delete and greeters:
  --addr ADDR              the agent, ours or a real one  [127.0.0.1:8500]
Options of dns:
  --addr ADDR              the name server  [127.0.0.1:8600]
  --srv                    ask for ports (SRV) instead of addresses (A)

WORKBOOK_SERVICES=embedded leaves the real Consul out of the demo; =real insists on it.
SIGHUP, or PUT /v1/agent/reload, lets the agent read its definition files again. Ctrl-C ends it.
Not part of it: DNS, the user interface, other nodes. For those, run a real Consul.
";

const AGENT: &str = "127.0.0.1:8500";
const NAMES: &str = "127.0.0.1:8600";

/// What was asked for.
pub enum Command {
    Demo,
    Help,
    Agent(Box<Config>),
    Ask(Question),
    Dns {
        server: SocketAddr,
        name: String,
        srv: bool,
    },
    Greeters(SocketAddr),
    Measure,
    Reading,
}

/// One question to an agent.
pub struct Question {
    pub agent: SocketAddr,
    pub method: &'static str,
    pub path: String,
    pub body: String,
}

/// Reads the command line.
pub fn parse() -> anyhow::Result<Command> {
    read(std::env::args_os().skip(1))
}

fn read(args: impl IntoIterator<Item = OsString>) -> anyhow::Result<Command> {
    let mut config = Config::default();
    let (mut words, mut addr, mut srv) = (Vec::new(), None, false);
    let mut args = lexopt::Parser::from_args(args);
    while let Some(arg) = args.next()? {
        match arg {
            Long("http-addr" | "addr") => addr = Some(args.value()?.string()?),
            Long("config-dir") => config.config_dir = Some(PathBuf::from(args.value()?)),
            Long("node") => config.node = args.value()?.string()?,
            Long("enable-script-checks") => config.enable_script_checks = true,
            Long("srv") => srv = true,
            Long("help") | Short('h') => return Ok(Command::Help),
            Long(name) => bail!("there is no option `--{name}`; `--help` shows what there is"),
            Value(value) => words.push(value.string()?),
            other => return Err(other.unexpected().into()),
        }
    }
    let mut words = words.into_iter();
    let at = |usual: &str| -> anyhow::Result<SocketAddr> {
        let text = addr.as_deref().unwrap_or(usual);
        let parsed = text.parse();
        parsed.with_context(|| format!("--addr {text}: an address looks like {usual}"))
    };
    let command = match words.next().as_deref() {
        None => Command::Demo,
        Some("agent") => {
            config.http_addr = addr.unwrap_or_else(|| AGENT.into());
            Command::Agent(Box::new(config))
        }
        Some("greeters") => Command::Greeters(at(AGENT)?),
        Some("measure") => Command::Measure,
        Some("reading") => Command::Reading,
        Some("dns") => Command::Dns {
            server: at(NAMES)?,
            name: words
                .next()
                .context("which name? For example consul.service.consul")?,
            srv,
        },
        Some(method @ ("get" | "put" | "delete")) => {
            let path = words
                .next()
                .context("which path? For example /v1/agent/members")?;
            if !path.starts_with('/') || path.contains(char::is_whitespace) {
                bail!("`{path}` is no path; one begins with `/` and has no spaces");
            }
            let (method, body) = match method {
                "get" => ("GET", None),
                "put" => ("PUT", words.next()),
                _ => ("DELETE", None),
            };
            let body = body.unwrap_or_default();
            let body = match body.strip_prefix('@') {
                Some(file) => {
                    std::fs::read_to_string(file).with_context(|| format!("cannot read {file}"))?
                }
                None => body,
            };
            Command::Ask(Question {
                agent: at(AGENT)?,
                method,
                path,
                body,
            })
        }
        Some(other) => bail!("there is no `{other}`; `--help` shows what there is"),
    };
    if let Some(word) = words.next() {
        bail!("`{word}` is one word too many; `--help` shows what there is");
    }
    Ok(command)
}
