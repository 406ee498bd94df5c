//! This program, started again as a service in a process of its own: only a process can be killed.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use tokio::sync::watch;
use tokio::time::{sleep, timeout};

/// How long a process may take to start or to end. It takes milliseconds; a busy machine, more.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// Gets each line that a process says, with its name.
pub type Heard = Arc<dyn Fn(&str, &str) + Send + Sync>;

/// A running process. It is killed with this value.
pub struct Process {
    /// What it is called here.
    pub name: String,
    child: Child,
    registered: watch::Receiver<bool>,
}

impl Process {
    /// Starts this program with these arguments.
    pub fn start(name: &str, arguments: &[String], heard: &Heard) -> anyhow::Result<Self> {
        let mut command = Command::new(std::env::current_exe()?);
        command.args(arguments).arg("--until_stdin_ends");
        // A group of its own: Ctrl-C in this terminal is for this process, which then ends the others.
        #[cfg(unix)]
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
        // Held open and never written to: when this process ends, the other one notices.
        command.stdin(Stdio::piped());
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command
            .spawn()
            .context("start this program a second time")?;
        let out = child.stdout.take().context("its output")?;
        let err = child.stderr.take().context("its errors")?;
        let (known, registered) = watch::channel(false);
        let (of_out, of_err) = (Arc::clone(heard), Arc::clone(heard));
        let (name_out, name_err) = (name.to_string(), name.to_string());
        thread::spawn(move || {
            for line in BufReader::new(out).lines().map_while(Result::ok) {
                if line.starts_with("registered: ") {
                    known.send_replace(true);
                }
                of_out(&name_out, &line);
            }
        });
        thread::spawn(move || {
            let lines = BufReader::new(err).lines().map_while(Result::ok);
            lines.for_each(|line| of_err(&name_err, &line));
        });
        Ok(Process {
            name: name.to_string(),
            child,
            registered,
        })
    }

    /// Returns when it has said that it is registered.
    pub async fn registered(&mut self) -> anyhow::Result<()> {
        match timeout(PATIENCE, self.registered.wait_for(|known| *known)).await {
            Ok(Ok(_)) => Ok(()),
            _ => bail!(
                "{} has ended before it was registered; what it said stands above",
                self.name
            ),
        }
    }

    /// `kill -9`: not one more line of it runs. Returns the moment.
    pub fn kill(mut self) -> anyhow::Result<Instant> {
        self.child.kill()?;
        let killed = Instant::now();
        self.child.wait()?;
        Ok(killed)
    }

    /// Asks it to leave, and returns when it has.
    pub async fn leave(mut self) -> anyhow::Result<()> {
        drop(self.child.stdin.take());
        let since = Instant::now();
        while self.child.try_wait()?.is_none() {
            if since.elapsed() > PATIENCE {
                bail!("{} was asked to leave, and still runs", self.name);
            }
            sleep(Duration::from_millis(5)).await;
        }
        Ok(())
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
