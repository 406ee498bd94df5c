//! One process of a machine: its files, its log, and how it is started, killed and asked to end.

use std::fs::{self, OpenOptions};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, bail};
use testkit::Guarded;
use tokio::time::{Instant, sleep};

/// A process, running or ended.
pub struct Process {
    /// `consul`, `web` and so on.
    pub name: String,
    log: PathBuf,
    guarded: Guarded,
}

impl Process {
    /// Starts a program with what it says in `folder/NAME.log`.
    pub fn start(name: &str, folder: &Path, command: &mut Command) -> anyhow::Result<Self> {
        let log = folder.join(format!("{name}.log"));
        let file = OpenOptions::new().create(true).append(true).open(&log)?;
        command.stdout(file.try_clone()?).stderr(file);
        let guarded = Guarded::start(command, None);
        let guarded = guarded.with_context(|| format!("{name}: {:?}", command.get_program()))?;
        Ok(Process {
            name: name.to_owned(),
            log,
            guarded,
        })
    }

    /// The number of its process.
    pub fn id(&self) -> u32 {
        self.guarded.id()
    }

    /// Whether it runs.
    pub fn runs(&mut self) -> bool {
        self.guarded.ended().is_none()
    }

    /// An error if it has ended, with its last words.
    pub fn check(&mut self) -> anyhow::Result<()> {
        if self.runs() {
            return Ok(());
        }
        let log = fs::read_to_string(&self.log).unwrap_or_default();
        let lines: Vec<&str> = log.lines().collect();
        let last = lines[lines.len().saturating_sub(8)..].join("\n");
        bail!("{} has ended. It said:\n{last}", self.name)
    }

    /// Ctrl-C, and waits for the end; SIGKILL after `limit`.
    pub async fn leave(mut self, limit: Duration) {
        self.guarded.interrupt();
        let since = Instant::now();
        while self.runs() && since.elapsed() < limit {
            sleep(Duration::from_millis(20)).await;
        }
    }
}

/// A program, in a network namespace if there is one.
pub fn program(program: &Path, namespace: Option<&str>) -> Command {
    match namespace {
        None => Command::new(program),
        Some(namespace) => {
            let mut command = Command::new("ip");
            // It becomes the program, so the number of the process stays.
            command.args(["netns", "exec", namespace]).arg(program);
            command
        }
    }
}

/// A signal for all of these processes at the same moment. Each leads a group, and all of the group gets it.
pub fn signal(name: &str, processes: &[&Process]) {
    let groups = processes.iter().map(|process| format!("-{}", process.id()));
    let mut kill = Command::new("kill");
    kill.args(["-s", name, "--"]).args(groups);
    // One that has ended in the meantime is no failure.
    let _ = kill.stderr(std::process::Stdio::null()).status();
}
