//! Instances of the greeter, each a process of its own: this program, started again as a server. Only a
//! process can be killed.

use std::io::{BufRead, BufReader};
use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use anyhow::{Context, bail};
use tokio::sync::watch;
use tokio::time::{Instant, sleep, timeout};

use crate::drain::Limits;

/// How long a process may take to start or to end. It takes milliseconds; a busy machine, more.
const PATIENCE: Duration = Duration::from_secs(60);

/// Gets each line that an instance says, with its name.
pub type Heard = Arc<dyn Fn(&str, &str) + Send + Sync>;

/// How instances are started.
#[derive(Clone)]
pub struct Plan {
    /// This program.
    pub program: PathBuf,
    /// Where Consul is.
    pub consul: SocketAddr,
    /// How often Consul looks.
    pub every: Duration,
    /// How long each call works.
    pub slow: Duration,
    /// How they leave.
    pub limits: Limits,
    /// Whether they just end when they are asked to.
    pub careless: bool,
    /// Who hears what they say.
    pub heard: Heard,
}

/// A running instance. It is killed with this value.
#[derive(Debug)]
pub struct Instance {
    /// What it calls itself in its replies: its place, and how often it was started there.
    pub name: String,
    /// Where it listens.
    pub addr: SocketAddr,
    /// Its id in Consul.
    pub id: String,
    child: Child,
    registrations: watch::Receiver<u64>,
}

impl Plan {
    /// Starts an instance at `addr`; with port 0, where it is free.
    ///
    /// # Errors
    /// If the program does not start, or never listens.
    pub async fn start(&self, name: &str, addr: SocketAddr) -> anyhow::Result<Instance> {
        let millis = |time: Duration| time.as_millis().to_string();
        let mut command = Command::new(&self.program);
        command.args(["server", "--until-stdin-ends", "--instance", name]);
        command.args(["--addr", &addr.to_string()]);
        command.args(["--consul", &self.consul.to_string()]);
        command.args(["--check-every-ms", &millis(self.every)]);
        command.args(["--slow-ms", &millis(self.slow)]);
        command.args(["--goodbye-ms", &millis(self.limits.goodbye)]);
        command.args(["--notice-ms", &millis(self.limits.notice)]);
        command.args(["--grace-ms", &millis(self.limits.grace)]);
        if self.careless {
            command.arg("--careless");
        }
        // Held open and never written to: when this process ends, the instance notices. A group of its
        // own: Ctrl-C in this terminal is for this process, which then ends them in its own order.
        #[cfg(unix)]
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
        command.stdin(Stdio::piped());
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command
            .spawn()
            .context("start this program a second time")?;
        let out = BufReader::new(child.stdout.take().context("its output")?);
        let err = BufReader::new(child.stderr.take().context("its errors")?);
        let (heard, of_thread) = (Arc::clone(&self.heard), name.to_string());
        thread::spawn(move || {
            let lines = err.lines().map_while(Result::ok);
            lines.for_each(|line| heard(&of_thread, &line));
        });
        let (listening, mut listens) = watch::channel(None);
        let (registered, registrations) = watch::channel(0);
        let (heard, of_thread) = (Arc::clone(&self.heard), name.to_string());
        thread::spawn(move || {
            for line in out.lines().map_while(Result::ok) {
                if let Some(addr) = line.strip_prefix("listening on ") {
                    listening.send_replace(addr.parse().ok());
                }
                if line.starts_with("registered: ") {
                    registered.send_modify(|times| *times += 1);
                }
                heard(&of_thread, &line);
            }
        });
        let mut instance = Instance {
            name: name.to_string(),
            addr,
            id: String::new(),
            child,
            registrations,
        };
        let listens = timeout(PATIENCE, listens.wait_for(Option::is_some)).await;
        let Ok(Ok(Some(addr))) = listens.map(|addr| addr.map(|addr| *addr)) else {
            bail!("{name} ended before it listened; what it said stands above");
        };
        instance.addr = addr;
        instance.id = l09_register::instance::id("greeter", addr);
        Ok(instance)
    }
}

impl Instance {
    /// The number of its process.
    #[must_use]
    pub fn process(&self) -> u32 {
        self.child.id()
    }

    /// How often Consul has taken its registration so far.
    #[must_use]
    pub fn registrations(&self) -> watch::Receiver<u64> {
        self.registrations.clone()
    }

    /// Asks it to end, as whoever looks after programs does: SIGTERM. Returns when it has ended, with
    /// how long that took.
    ///
    /// # Errors
    /// If it does not end.
    pub async fn ask_to_end(mut self) -> anyhow::Result<(ExitStatus, Duration)> {
        let since = Instant::now();
        if cfg!(unix) {
            // The standard library knows only SIGKILL; this program is on every Unix.
            let mut kill = Command::new("kill");
            let sent = (kill
                .args(["-s", "TERM", &self.process().to_string()])
                .status())
            .context("`kill` is not on the PATH")?;
            if !sent.success() {
                bail!("{} has ended by itself", self.name);
            }
        } else {
            // Elsewhere the end of its standard input has to do.
            drop(self.child.stdin.take());
        }
        while since.elapsed() < PATIENCE {
            if let Some(status) = self.child.try_wait()? {
                return Ok((status, since.elapsed()));
            }
            sleep(Duration::from_millis(2)).await;
        }
        bail!("{} was asked to end, and still runs", self.name)
    }

    /// `kill -9`: not one more line of it runs. Returns the moment.
    ///
    /// # Errors
    /// If the system does not let us.
    pub fn kill(mut self) -> anyhow::Result<Instant> {
        self.child.kill()?;
        let killed = Instant::now();
        self.child.wait()?;
        Ok(killed)
    }
}

impl Drop for Instance {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// An address for an instance that will be started there again and again. Not from port 0: those are
/// the ports that the system gives to connections, and one of them could have it while the instance
/// is away.
///
/// # Errors
/// If there is none.
pub fn place() -> anyhow::Result<SocketAddr> {
    use std::hash::{BuildHasher, RandomState};
    let random = RandomState::new().hash_one(0) % 4000;
    let first = 15_000 + u16::try_from(random).unwrap_or(0);
    (first..first + 500)
        .map(|port| SocketAddr::from(([127, 0, 0, 1], port)))
        .find(|addr| TcpListener::bind(addr).is_ok())
        .context("no free port between 15000 and 20000 of 127.0.0.1")
}
