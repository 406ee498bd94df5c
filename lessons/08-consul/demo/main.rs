//! The command line of lesson 08. Without an argument it tells the whole story; `agent` is the phone
//! book itself, and the rest is for talking to one, ours or a real Consul.

mod demo;
mod dns;
mod greeters;
mod measure;
#[cfg(feature = "mine")]
mod mine;
mod options;
mod peer;
mod reading;

use std::io;
use std::process::ExitCode;

use l08_consul::agent::{Agent, Config};
use l08_consul::ask;
use options::{PROGRAM, Question};
use stage::commands::Given;
use stage::signal::{on_signal, stopped, tell};
use tokio::signal::unix::{SignalKind, signal};

fn main() -> ExitCode {
    PROGRAM.main(run)
}

fn run(given: &Given) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        match given.command() {
            "agent" => run_agent(options::config(given)?).await,
            "greeters" => {
                let agent = given.address("addr")?;
                interruptible(greeters::run(agent)).await
            }
            "measure" => interruptible(measure::run()).await,
            "mine" => interruptible(run_mine()).await,
            "reading" => {
                print!("{}", reading::table());
                Ok(())
            }
            "get" | "put" | "delete" => ask_once(options::question(given)?).await,
            "dns" => {
                let (name, server) = options::name(given)?;
                let srv = given.has("srv");
                let kind = if srv { dns::Kind::Srv } else { dns::Kind::A };
                for line in dns::ask(server, &name, kind).await? {
                    println!("{line}");
                }
                Ok(())
            }
            _ => interruptible(demo::run()).await,
        }
    })
}

#[cfg(feature = "mine")]
use mine::run as run_mine;

#[cfg(not(feature = "mine"))]
async fn run_mine() -> anyhow::Result<()> {
    anyhow::bail!("your answer is not built in: `cargo run -p l08-consul --features mine -- mine`")
}

/// Dropped on Ctrl-C and SIGTERM, so that what it has started is ended and what it has written to
/// the disk is gone.
async fn interruptible(work: impl Future<Output = anyhow::Result<()>>) -> anyhow::Result<()> {
    let asked_to_end = on_signal(false)?;
    tokio::select! {
        done = work => done,
        () = stopped(asked_to_end) => Ok(()),
    }
}

async fn ask_once(question: Question) -> anyhow::Result<()> {
    let Question {
        agent,
        method,
        path,
        body,
    } = question;
    let answer = ask::ask(agent, method, &path, &body).await;
    let answer = answer.map_err(|error| match error.kind() {
        io::ErrorKind::ConnectionRefused => anyhow::anyhow!(
            "no agent answers at {agent}. Is an agent running? `cargo run -p l08-consul -- agent`"
        ),
        _ => anyhow::anyhow!("{agent}: {error}"),
    })?;
    match answer.index {
        0 => eprintln!("{}", answer.status),
        index => eprintln!("{}, index {index}", answer.status),
    }
    if !answer.body.is_empty() {
        println!("{}", answer.body.trim_end());
    }
    if answer.status >= 400 {
        anyhow::bail!("refused");
    }
    Ok(())
}

async fn run_agent(config: Config) -> anyhow::Result<()> {
    let limit = rustix::process::getrlimit(rustix::process::Resource::Nofile);
    let more = rustix::process::Rlimit {
        current: limit.maximum,
        ..limit
    };
    // Each caller who waits holds a file handle. If the system gives no more, it will do without.
    let _as_it_was = rustix::process::setrlimit(rustix::process::Resource::Nofile, more);
    let mut asked_to_end = std::pin::pin!(stopped(on_signal(false)?));
    let mut hang_up = signal(SignalKind::hangup())?;
    let agent = Agent::start(config).await?;
    tell(&format!("listening on {}", agent.address()));
    loop {
        tokio::select! {
            () = &mut asked_to_end => break,
            _ = hang_up.recv() => match agent.reload() {
                Ok(()) => eprintln!("reloaded"),
                Err(error) => eprintln!("not reloaded: {error:#}"),
            },
        }
    }
    agent.stop().await;
    Ok(())
}
