//! `cluster`: three real servers on this machine, and a narration of what happens to them. What both
//! kinds of cluster share is here.

mod consul;
mod etcd;

use std::io::{BufRead, Write};
use std::net::SocketAddr;
use std::process::ExitStatus;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use stage::signal::{on_signal_or_hang_up, stopped};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

use crate::ports;

/// How long between two looks at the servers.
const LOOK: Duration = Duration::from_millis(50);
/// Three servers find each other within five seconds; a busy machine needs more.
const READY: Duration = Duration::from_secs(120);

const HELP: &str = "\
Usage: cargo workbook services cluster consul [--port N] [--kill-leader] [--raft-multiplier N]
       cargo workbook services cluster etcd [--port N] [--kill-leader]

Three real servers on this machine that are one: a lab for killing the leader. `cluster consul --help`
and `cluster etcd --help` say more.
";

/// The help for these arguments.
pub fn help(arguments: &[std::ffi::OsString]) -> &'static str {
    let named = |name: &str| arguments.iter().any(|argument| argument == name);
    match () {
        () if named("consul") => consul::HELP,
        () if named("etcd") => etcd::HELP,
        () => HELP,
    }
}

/// Runs it to its end. Its exit code.
pub async fn run(mut arguments: Vec<std::ffi::OsString>) -> Result<u8> {
    let known = |argument: &std::ffi::OsString| argument == "consul" || argument == "etcd";
    let Some(what) = arguments.iter().position(known) else {
        // Of the options only these two have no value behind them.
        let first = arguments.first().map(|first| first.to_string_lossy());
        match first.filter(|first| !first.starts_with('-')) {
            Some(other) => bail!("there is no cluster of `{other}`; there are `consul` and `etcd`"),
            None => bail!("a cluster of what? For example: cargo workbook services cluster consul"),
        }
    };
    let what = arguments.remove(what);
    let arguments = lexopt::Parser::from_args(arguments);
    let asked = stopped(on_signal_or_hang_up()?);
    let lab = async {
        match what.to_str() {
            Some("etcd") => etcd::run(arguments).await,
            _ => consul::run(arguments).await,
        }
    };
    tokio::select! {
        done = lab => done?,
        () = asked => say!("\nAll three are ended."),
    }
    Ok(0)
}

/// The clock of a narration.
#[derive(Debug, Clone, Copy)]
struct Clock(Instant);

impl Clock {
    /// It begins now.
    fn new() -> Self {
        Clock(Instant::now())
    }

    /// One line with the time. Whoever reads may have gone; then nobody hears it.
    fn say(self, what: &str) {
        let mut out = std::io::stdout().lock();
        let time = self.0.elapsed().as_secs_f64();
        let _ = writeln!(out, "{time:8.2} s  {what}").and_then(|()| out.flush());
    }
}

/// The lines of the keyboard, from a thread of their own: reading there cannot be broken off.
fn keyboard() -> UnboundedReceiver<String> {
    let (sender, lines) = unbounded_channel();
    std::thread::spawn(move || {
        let lines = std::io::stdin().lock().lines();
        for line in lines.map_while(Result::ok) {
            if sender.send(line).is_err() {
                break;
            }
        }
    });
    lines
}

/// Which server a line of the keyboard means, by its number or its name.
fn meant(line: &str, names: &[&str; 3]) -> Option<usize> {
    let word = line.trim();
    let number = word.parse::<usize>().ok().and_then(|n| n.checked_sub(1));
    let place = names.iter().position(|name| *name == word).or(number);
    place.filter(|place| *place < names.len())
}

/// How the process of `name` has ended, in words.
fn ended(name: &str, status: ExitStatus) -> String {
    match signal(status) {
        Some(number) => format!("{name}: its process was ended by signal {number}"),
        None => format!("{name}: its process has ended ({status})"),
    }
}

#[cfg(unix)]
fn signal(status: ExitStatus) -> Option<i32> {
    std::os::unix::process::ExitStatusExt::signal(&status)
}

#[cfg(not(unix))]
fn signal(_status: ExitStatus) -> Option<i32> {
    None
}

/// Why an address cannot be listened on, in words that say what to do.
fn unusable(addr: SocketAddr, error: &std::io::Error) -> String {
    if error.kind() == std::io::ErrorKind::AddrNotAvailable {
        return format!(
            "{} is no address of this machine. On macOS: sudo ifconfig lo0 alias {0}",
            addr.ip()
        );
    }
    match ports::who_listens(addr) {
        Some((pid, name)) => format!("{addr} is taken: {name} (process {pid}) listens there"),
        None => format!("{addr} cannot be used: {error}"),
    }
}

/// A time of an experiment as its report has it.
fn seconds(time: Option<Duration>) -> String {
    match time {
        Some(time) => format!("{:6.2} s", time.as_secs_f64()),
        // An election can be shorter than the time between two looks.
        None => format!("{:>8}", "not seen"),
    }
}
