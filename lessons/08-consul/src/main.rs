//! The command line of lesson 08.

use std::path::PathBuf;

use anyhow::bail;
use l08_consul::agent::{Agent, Config};

const HELP: &str = "\
A readable Consul agent: the HTTP API of Consul 1.8.7 that services and their callers use.

usage: cargo run -p l08-consul -- agent [options]

  --http-addr ADDR         where the HTTP API listens (127.0.0.1:8500)
  --config-dir DIR         definition files (*.json): service, services, check, checks
  --data-dir DIR           where registrations and keys outlive a restart
  --node NAME              the name of this node (agent-one)
  --enable-script-checks   let a check be a command on this machine (`args`)
  --help                   this text

SIGHUP, or PUT /v1/agent/reload, reads the definition files again. Ctrl-C ends the agent.
Not part of it: DNS, the user interface, other nodes. For those, run a real Consul.";

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    use lexopt::prelude::*;
    let mut config = Config {
        http_addr: "127.0.0.1:8500".into(),
        ..Config::default()
    };
    let mut command = None;
    let mut args = lexopt::Parser::from_env();
    while let Some(arg) = args.next()? {
        match arg {
            Long("http-addr" | "addr") => config.http_addr = args.value()?.string()?,
            Long("config-dir") => config.config_dir = Some(PathBuf::from(args.value()?)),
            Long("data-dir") => config.data_dir = Some(PathBuf::from(args.value()?)),
            Long("node") => config.node = args.value()?.string()?,
            Long("enable-script-checks") => config.enable_script_checks = true,
            Long("help") | Short('h') => {
                println!("{HELP}");
                return Ok(());
            }
            Value(value) if command.is_none() => command = Some(value.string()?),
            other => return Err(other.unexpected().into()),
        }
    }
    match command.as_deref() {
        Some("agent") => run(config).await,
        Some(other) => bail!("no command {other:?}; --help names them"),
        None => {
            println!("{HELP}");
            Ok(())
        }
    }
}

async fn run(config: Config) -> anyhow::Result<()> {
    let limit = rustix::process::getrlimit(rustix::process::Resource::Nofile);
    let more = rustix::process::Rlimit {
        current: limit.maximum,
        ..limit
    };
    // Each caller who waits holds a file handle. If the system gives no more, it will do without.
    let _as_it_was = rustix::process::setrlimit(rustix::process::Resource::Nofile, more);
    let agent = Agent::start(config).await?;
    println!("listening on {}", agent.address());
    let mut hang_up = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::hangup())?;
    let mut terminate = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())?;
    loop {
        tokio::select! {
            _ = tokio::signal::ctrl_c() => break,
            _ = terminate.recv() => break,
            _ = hang_up.recv() => match agent.reload() {
                Ok(()) => eprintln!("reloaded"),
                Err(error) => eprintln!("not reloaded: {error:#}"),
            },
        }
    }
    agent.stop().await;
    Ok(())
}
