//! Services and doors as processes of their own: this program, started again. Only a process can be
//! killed, and only a process can be paused.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{Command, Stdio};
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

/// How processes are started.
#[derive(Clone)]
pub struct Plan {
    /// This program.
    pub program: PathBuf,
    /// The flags that name the registry.
    pub registry: Vec<String>,
    /// Who hears what they say.
    pub heard: Heard,
}

/// A running process. It is killed with this value, paused or not, and also if this process is killed.
pub struct Process {
    /// What it is called here.
    pub name: String,
    /// Where it listens.
    pub addr: SocketAddr,
    guarded: Guarded,
}

impl Plan {
    /// Starts `-- WORDS`, with the flags of the registry, and returns when it listens.
    ///
    /// # Errors
    /// If the program does not start, or never listens.
    pub async fn start(&self, name: &str, words: &[&str]) -> anyhow::Result<Process> {
        let mut command = Command::new(&self.program);
        command.args(words).args(&self.registry);
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut guarded =
            Guarded::start(&mut command, None).context("start this program a second time")?;
        let out = BufReader::new(guarded.child().stdout.take().context("its output")?);
        let err = BufReader::new(guarded.child().stderr.take().context("its errors")?);
        let (heard, of_thread) = (Arc::clone(&self.heard), name.to_string());
        thread::spawn(move || {
            let lines = err.lines().map_while(Result::ok);
            lines.for_each(|line| heard(&of_thread, &line));
        });
        let (listening, mut listens) = watch::channel(None);
        let (heard, of_thread) = (Arc::clone(&self.heard), name.to_string());
        thread::spawn(move || {
            for line in out.lines().map_while(Result::ok) {
                if let Some(addr) = line.strip_prefix("listening on ") {
                    listening.send_replace(addr.parse().ok());
                }
                heard(&of_thread, &line);
            }
        });
        let listens = timeout(PATIENCE, listens.wait_for(Option::is_some)).await;
        let Ok(Ok(Some(addr))) = listens.map(|addr| addr.map(|addr| *addr)) else {
            bail!("{name} ended before it listened; what it said stands above");
        };
        let name = name.to_string();
        Ok(Process {
            name,
            addr,
            guarded,
        })
    }
}

impl Process {
    /// The number of its process.
    #[must_use]
    pub fn number(&self) -> u32 {
        self.guarded.id()
    }

    /// SIGSTOP: it stands still in the middle of whatever it does. Its connections stay, and the system goes on taking
    /// bytes for it.
    ///
    /// # Errors
    /// If there is no `kill`, or no such process.
    pub fn pause(&self) -> anyhow::Result<()> {
        self.signal("STOP")
    }

    /// SIGCONT: it goes on where it stood.
    ///
    /// # Errors
    /// As for [`Process::pause`].
    pub fn go_on(&self) -> anyhow::Result<()> {
        self.signal("CONT")
    }

    fn signal(&self, name: &str) -> anyhow::Result<()> {
        ensure!(cfg!(unix), "only Unix can pause a process");
        // The standard library knows only SIGKILL; this program is on every Unix.
        let mut kill = Command::new("kill");
        let number = self.number().to_string();
        let sent = kill.args(["-s", name, &number]).status();
        let sent = sent.context("`kill` is not on the PATH")?;
        ensure!(sent.success(), "{} has ended by itself", self.name);
        Ok(())
    }

    /// `kill -9`: not one more line of it runs.
    pub fn kill(mut self) {
        self.guarded.kill();
    }

    /// Asks it to end, as Ctrl-C does, and waits until it has.
    ///
    /// # Errors
    /// If it does not end.
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
