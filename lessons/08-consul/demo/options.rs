//! What the command line may say: the table of commands and options, and the question to an agent.

use std::net::SocketAddr;
use std::path::PathBuf;

use anyhow::{Context, bail};
use l08_consul::agent::Config;
use l08_consul::extra::serve::Hosts;
use stage::commands::{Given, Program, command, flag, heading, option};

pub const PROGRAM: Program = Program {
    name: "l08-consul",
    title: "Consul, registry and health checks: lesson 08 of Sockets to Services.",
    commands: &[
        command("", "the demo: three greeters, two kinds of Consul"),
        command("agent", "the readable agent, in one terminal"),
        command("get PATH", "one question to an agent, in another one"),
        command(
            "put PATH [BODY]",
            "as `get`; a BODY of @FILE is read from the file",
        ),
        command("delete PATH", "as `get`"),
        command("dns NAME", "a question to the name server of a real Consul"),
        command(
            "greeters",
            "three greeters; a line such as `1 status 429`\nmakes the first one busy, `2 close` closes a port",
        ),
        command("measure", "what a registration and a lookup cost"),
        command("reading", "the agent's files in reading order"),
        command(
            "--features mine -- mine",
            "your own answer of `registration`, on a Consul",
        ),
    ],
    options: &[
        heading(
            "Options of agent, which has the part of Consul's HTTP API that services and callers use",
        ),
        option("http-addr ADDR", "where the HTTP API listens", AGENT),
        option(
            "config-dir DIR",
            "definition files (*.json): service, services, check, checks",
            "",
        ),
        option(
            "host NAME",
            "answer to this name as well, beside addresses and localhost;\nseveral times, '*' for every name",
            "",
        ),
        option("node NAME", "the name of this node", "agent-one"),
        flag(
            "enable-script-checks",
            "let a check be a command on this machine (`args`)",
        ),
        heading("Options of get, put, delete and greeters"),
        option("addr ADDR", "the agent, ours or a real one", AGENT),
        heading("Options of dns: --addr is the name server (127.0.0.1:8600), and"),
        flag("srv", "ask for ports (SRV) instead of addresses (A)"),
    ],
    end: "\
WORKBOOK_SERVICES=embedded leaves the real Consul out of the demo; =real insists on it.
SIGHUP, or PUT /v1/agent/reload, lets the agent read its definition files again. Ctrl-C ends it.
Not part of it: DNS, the user interface, other nodes. For those, run a real Consul.
",
};

const AGENT: &str = "127.0.0.1:8500";
const NAMES: &str = "127.0.0.1:8600";

/// Returns the configuration of the agent.
pub fn config(given: &Given) -> anyhow::Result<Config> {
    given.at_most(0)?;
    Ok(Config {
        http_addr: given.value("http-addr")?,
        config_dir: given.text("config-dir").map(PathBuf::from),
        node: given.value("node")?,
        enable_script_checks: given.has("enable-script-checks"),
        hosts: Hosts::with(given.all("host").iter().cloned()),
        ..Config::default()
    })
}

/// The name to look up, and the name server.
pub fn name(given: &Given) -> anyhow::Result<(String, SocketAddr)> {
    given.at_most(1)?;
    let name = given.words().first();
    let name = name.context("which name? For example consul.service.consul")?;
    let text = given.text("addr").unwrap_or(NAMES);
    let server = text.parse();
    let server = server.with_context(|| format!("--addr {text}: an address looks like {NAMES}"))?;
    Ok((name.clone(), server))
}

/// One question to an agent.
pub struct Question {
    pub agent: SocketAddr,
    pub method: &'static str,
    pub path: String,
    pub body: String,
}

/// Reads the question of `get`, `put` or `delete`.
pub fn question(given: &Given) -> anyhow::Result<Question> {
    let path = given.words().first();
    let path = path.context("which path? For example /v1/agent/members")?;
    if !path.starts_with('/') || path.contains(char::is_whitespace) {
        bail!("`{path}` is no path; one begins with `/` and has no spaces");
    }
    let (method, words) = match given.command() {
        "get" => ("GET", 1),
        "put" => ("PUT", 2),
        _ => ("DELETE", 1),
    };
    given.at_most(words)?;
    let body = given.words().get(1).map_or("", String::as_str);
    let body = match body.strip_prefix('@') {
        Some(file) => {
            std::fs::read_to_string(file).with_context(|| format!("cannot read {file}"))?
        }
        None => body.to_owned(),
    };
    Ok(Question {
        agent: given.address("addr")?,
        method,
        path: path.clone(),
        body,
    })
}
