//! `down`: ends a server with everything it started, and cleans up after one that has crashed.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use lexopt::prelude::*;
use rustix::process::{Pid, Signal, kill_process};

use crate::ports;
use crate::server::Kind;
use crate::state::{Running, State};

/// A server ends within a second; a busy machine needs more.
const GENTLE: Duration = Duration::from_secs(15);
/// What has been killed is gone as soon as the system gets to it.
const HARSH: Duration = Duration::from_secs(10);

/// Runs the command. Its exit code.
pub async fn run(mut arguments: lexopt::Parser) -> Result<u8> {
    let (mut dir, mut kinds) = (None, Vec::new());
    while let Some(argument) = arguments.next()? {
        match argument {
            Long("state") => dir = Some(arguments.value()?.into()),
            Value(name) => kinds.push(Kind::named(&name)?),
            other => return Err(other.unexpected().into()),
        }
    }
    if kinds.is_empty() {
        kinds.extend(Kind::ALL);
    }
    let mut all_well = true;
    for kind in kinds {
        // One that cannot be ended is no reason to leave the other.
        if let Err(error) = end(&State::at(dir.clone(), kind)?).await {
            eprintln!("error: {error:#}");
            all_well = false;
        }
    }
    Ok(if all_well { 0 } else { 2 })
}

/// Ends the server of this state, and says so.
async fn end(state: &State) -> Result<()> {
    let kind = state.kind();
    let _alone = state.alone()?;
    let running = state.running();
    let Some(worker) = state.worker() else {
        let crashed = state.ended().is_some() || running.is_some();
        clean(state).await?;
        say!(
            "{}",
            match crashed {
                true => format!("{kind} had crashed; what it left is cleaned up."),
                false => format!("No {kind} was up."),
            }
        );
        return Ok(());
    };
    // The lock goes a moment before the process does.
    let gone = || state.worker().is_none() && !ports::lives(worker);
    signal(worker, Signal::TERM);
    if !until(GENTLE, gone).await {
        signal(worker, Signal::KILL);
        if !until(HARSH, gone).await {
            bail!("process {worker} looks after {kind} and cannot be ended");
        }
    }
    // It may have been ready only now.
    let running = running.or_else(|| state.running());
    if let Some(running) = &running {
        free(running).await?;
    }
    state.forget()?;
    match running {
        Some(running) => say!("The {kind} at {} is down.", running.addr),
        None => say!("The {kind} that was about to start is down."),
    }
    Ok(())
}

/// Cleans up after a server whose background process has ended.
pub async fn clean(state: &State) -> Result<()> {
    if let Some(running) = state.running() {
        free(&running).await?;
    }
    state.forget()
}

/// Waits until the process is gone and its port free. What looked after it may have been killed; it then ends by
/// itself in two seconds, and if even its guard was killed, it is ended here.
async fn free(running: &Running) -> Result<()> {
    let addr = running.addr;
    let is_free = || ports::tcp(addr.ip(), addr.port()).is_ok() && !ports::lives(running.pid);
    if until(Duration::from_secs(5), is_free).await {
        return Ok(());
    }
    let ours = |(pid, _): &(u32, String)| *pid == running.pid;
    if ports::who_listens(addr).filter(ours).is_some() {
        signal(running.pid, Signal::KILL);
        until(HARSH, is_free).await;
    }
    match still(addr) {
        None => Ok(()),
        // Another program has taken it in the meantime, or our own cannot be ended.
        Some((pid, _)) if pid != running.pid => Ok(()),
        Some((pid, name)) => Err(anyhow::anyhow!(
            "{name} (process {pid}) still listens there"
        ))
        .with_context(|| format!("{addr} is not free")),
    }
}

fn still(addr: SocketAddr) -> Option<(u32, String)> {
    ports::tcp(addr.ip(), addr.port()).err()?;
    ports::who_listens(addr)
}

fn signal(pid: u32, signal: Signal) {
    let pid = i32::try_from(pid).ok().and_then(Pid::from_raw);
    // It may have ended in the meantime.
    let _ = pid.map(|pid| kill_process(pid, signal));
}

/// Waits until `done`, at most for `limit`. Whether it was done.
async fn until(limit: Duration, done: impl Fn() -> bool) -> bool {
    let since = Instant::now();
    while !done() {
        if since.elapsed() > limit {
            return false;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    true
}
