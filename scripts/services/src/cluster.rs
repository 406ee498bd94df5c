//! `cluster`: three real servers on this machine, and a narration of what happens to them. What both
//! kinds of cluster share is here.

mod consul;
mod etcd;
mod kill;

use std::io::{BufRead, Write as _};
use std::net::SocketAddr;
use std::process::ExitStatus;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
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
    if named("consul") {
        consul::HELP
    } else if named("etcd") {
        etcd::HELP
    } else {
        HELP
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

/// Three servers under observation.
trait Lab {
    /// What they are called, by their places 0 to 2.
    const NAMES: [&'static str; 3];
    /// What one of them is, for a sentence: `server`.
    const WHAT: &'static str;
    /// One of them, for a sentence: `a server`.
    const ONE: &'static str;
    /// What one is that was started again, for a sentence.
    const BACK: &'static str;
    /// A request that writes a key.
    const WRITE: Write;

    /// Looks at all of them now, and tells what has changed.
    async fn look(&mut self);
    /// Whether all three run and agree on a leader.
    fn is_whole(&self) -> bool;
    /// Who leads, by the last look.
    fn leader(&self) -> Option<usize>;
    /// Whether one that answers says that there is no leader.
    fn is_without_leader(&self) -> bool;
    /// Whether all that answer list the one at this place as failed; `None` if they keep no such list.
    fn lists_as_failed(&self, place: usize) -> Option<bool>;
    /// How patient they are with a leader, in words.
    fn timing(&self) -> String;
    /// Where the one at this place answers requests.
    fn addr(&self, place: usize) -> SocketAddr;
    /// The number of its process.
    fn pid(&self, place: usize) -> u32;
    /// Ends its process as a crash would.
    fn kill(&mut self, place: usize);
    /// Whether the process at this place runs.
    fn runs(&self, place: usize) -> bool;
    /// Starts the process at this place, with what it has kept if it ran before. Its number.
    fn start(&mut self, place: usize) -> std::io::Result<u32>;
    /// The end of its log.
    fn last_words(&self, place: usize) -> String;
    /// One line with the time.
    fn say(&self, what: &str);

    /// Looks until `done`, at most for `limit`. Whether it was done.
    async fn until(&mut self, limit: Duration, done: impl Fn(&Self) -> bool) -> bool {
        let since = Instant::now();
        loop {
            self.look().await;
            if done(self) {
                return true;
            }
            if since.elapsed() > limit {
                return false;
            }
            tokio::time::sleep(LOOK).await;
        }
    }

    /// Waits until the three, which were just started, are a cluster.
    async fn become_whole(&mut self) -> Result<()> {
        let one_has_ended = |lab: &Self| (0..3).any(|place| !lab.runs(place));
        self.until(READY, |lab| lab.is_whole() || one_has_ended(lab))
            .await;
        if self.is_whole() {
            return Ok(());
        }
        let words = [0, 1, 2].map(|place| self.last_words(place)).join("\n\n");
        bail!("they did not become a cluster. They said:\n{words}")
    }

    /// Looks for ever; a line of the keyboard starts a server again.
    async fn watch(&mut self) -> Result<()> {
        let mut lines = keyboard();
        loop {
            self.look().await;
            while let Ok(line) = lines.try_recv() {
                self.restart(&line)?;
            }
            tokio::time::sleep(LOOK).await;
        }
    }

    /// Starts the server that this line names, if it has ended.
    fn restart(&mut self, line: &str) -> Result<()> {
        let Some(place) = meant(line, &Self::NAMES) else {
            if !line.trim().is_empty() {
                let what = Self::WHAT;
                self.say(&format!(
                    "1, 2 or 3 starts that {what} again; Ctrl-C ends all"
                ));
            }
            return Ok(());
        };
        let name = Self::NAMES[place];
        if self.runs(place) {
            self.say(&format!("{name} runs already"));
            return Ok(());
        }
        let pid = self.start(place)?;
        self.say(&format!("{name} is started again (process {pid})"));
        Ok(())
    }
}

/// A request to one server that writes a key.
#[derive(Clone, Copy)]
struct Write {
    method: &'static str,
    path: &'static str,
    body: &'static str,
    /// How long the answer is waited for before it is sent again.
    patience: Duration,
}

/// The clock of a narration.
#[derive(Debug, Clone, Copy)]
struct Clock(Instant);

impl Clock {
    /// It begins now.
    fn new() -> Self {
        Clock(Instant::now())
    }

    /// One line with the time. A closed standard output is ignored.
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

/// The ports around the one that was `asked` for, or the first ones around `usual`, ten apart, that are free.
fn choose<P>(
    asked: Option<u16>,
    usual: u16,
    around: impl Fn(u16) -> Option<P>,
    taken: impl Fn(&P) -> Option<(SocketAddr, std::io::Error)>,
) -> Result<P> {
    let ports = match asked {
        Some(port) => vec![port],
        None => (usual..usual + 200).step_by(10).collect(),
    };
    let mut first = None;
    for port in ports {
        let ports = around(port).context("there is no such port")?;
        let Some((addr, error)) = taken(&ports) else {
            if asked.is_none() && port != usual {
                say!("Something listens on the usual ports; the cluster takes others.");
            }
            return Ok(ports);
        };
        first.get_or_insert(unusable(addr, &error));
    }
    let words = first.unwrap_or_default();
    match asked {
        Some(_) => bail!("{words}"),
        None => bail!("{words}\n--port takes other ports"),
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
