//! The parts of the site as processes of their own: this program, started again. Only a process can be
//! killed, and only a process can be asked to leave.

use std::fmt;
use std::io::{BufRead, BufReader, Read};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{Command, ExitStatus, Stdio};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use anyhow::{Context, bail, ensure};
use services::testkit::Guarded;
use tokio::sync::watch;
use tokio::time::{Instant, sleep, timeout};

/// How long a process may take to start or to end. It takes milliseconds; a busy machine, more.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// Gets each line that a process says, with its name.
pub type Heard = Arc<dyn Fn(&str, &str) + Send + Sync>;

/// How a process is started.
#[derive(Clone)]
pub struct Plan {
    /// This program.
    pub program: PathBuf,
    /// What it is called here.
    pub name: String,
    /// What it is, and its options.
    pub words: Vec<String>,
    /// Who hears what it says.
    pub heard: Heard,
}

/// A running process. It is killed with this value, and also if this process is killed.
pub struct Process {
    /// What it is called here.
    pub name: String,
    /// Where it listens.
    pub addr: SocketAddr,
    guarded: Guarded,
    registered: watch::Receiver<bool>,
}

impl Plan {
    /// Starts it, and returns when it listens.
    ///
    /// # Errors
    /// If the program does not start, or never listens.
    pub async fn start(&self) -> anyhow::Result<Process> {
        let mut command = Command::new(&self.program);
        command.args(&self.words);
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut guarded =
            Guarded::start(&mut command, None).context("start this program a second time")?;
        let out = guarded.child().stdout.take().context("its output")?;
        let err = guarded.child().stderr.take().context("its errors")?;
        let (listening, mut listens) = watch::channel(None);
        let (known, registered) = watch::channel(false);
        self.listen_to(err, |_| {});
        self.listen_to(out, move |line| {
            if let Some(addr) = line.strip_prefix("listening on ") {
                listening.send_replace(addr.parse().ok());
            }
            if line.starts_with("registered: ") {
                known.send_replace(true);
            }
        });
        let listens = timeout(PATIENCE, listens.wait_for(Option::is_some)).await;
        let Ok(Ok(Some(addr))) = listens.map(|addr| addr.map(|addr| *addr)) else {
            bail!(
                "{} ended before it listened; what it said stands above",
                self.name
            );
        };
        Ok(Process {
            name: self.name.clone(),
            addr,
            guarded,
            registered,
        })
    }

    /// Reads on a thread of its own until the process closes its end.
    fn listen_to(&self, from: impl Read + Send + 'static, look: impl Fn(&str) + Send + 'static) {
        let (heard, name) = (Arc::clone(&self.heard), self.name.clone());
        thread::spawn(move || {
            for line in BufReader::new(from).lines().map_while(Result::ok) {
                look(&line);
                heard(&name, &line);
            }
        });
    }
}

impl Process {
    /// The number of its process.
    #[must_use]
    pub fn number(&self) -> u32 {
        self.guarded.id()
    }

    /// Returns when it has said that it is registered.
    ///
    /// # Errors
    /// If it ends before, or never says so.
    pub async fn registered(&mut self) -> anyhow::Result<()> {
        match timeout(PATIENCE, self.registered.wait_for(|known| *known)).await {
            Ok(Ok(_)) => Ok(()),
            _ => bail!("{} listens, and was never registered", self.name),
        }
    }

    /// How it has ended, if it has.
    pub fn ended(&mut self) -> Option<ExitStatus> {
        self.guarded.ended()
    }

    /// `kill -9`: not one more line of it runs.
    pub fn kill(mut self) {
        self.guarded.kill();
    }

    /// Asks it to end, as Ctrl-C does, and waits until it has.
    ///
    /// # Errors
    /// If it does not end, or not well.
    pub async fn ask_to_end(mut self) -> anyhow::Result<()> {
        self.guarded.interrupt();
        let since = Instant::now();
        while since.elapsed() < PATIENCE {
            if let Some(status) = self.guarded.ended() {
                ensure!(status.success(), "{} has not left well", self.name);
                return Ok(());
            }
            sleep(Duration::from_millis(5)).await;
        }
        bail!("{} was asked to end, and still runs", self.name)
    }
}

impl fmt::Debug for Process {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Process { name, addr, .. } = self;
        write!(f, "{name} at {addr}, process {}", self.number())
    }
}
