//! Instances for the demo, each a process of its own: this program, started again as a server. Only a
//! process can be paused.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use anyhow::{Context, ensure};
use l12_resilience::member::Member;

/// A running instance. It is killed with this value.
pub struct Instance {
    child: Child,
    /// Where it is.
    pub addr: SocketAddr,
    /// What it calls itself.
    pub name: String,
    heard: Arc<Heard>,
}

/// What it has told.
#[derive(Default)]
struct Heard {
    begun: AtomicUsize,
    stopped: AtomicUsize,
    lines: Mutex<Vec<String>>,
}

impl Instance {
    /// Starts one on a free port.
    pub fn start(name: &str, options: &[&str]) -> anyhow::Result<Self> {
        let mut command = Command::new(std::env::current_exe()?);
        command.args(["server", "--until-stdin-ends", "--addr", "127.0.0.1:0"]);
        command.args(["--name", name]).args(options);
        // Held open and never written to: when this process ends, the instance notices.
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command
            .spawn()
            .context("start this program a second time")?;
        let mut lines = BufReader::new(child.stdout.take().context("its output")?).lines();
        let line = lines
            .next()
            .context("the server ended before it listened")??;
        // `listening on ADDR`, or `refusing on ADDR`.
        let addr = line.rsplit(' ').next().context("an address")?.parse()?;
        let heard: Arc<Heard> = Arc::default();
        let hears = Arc::clone(&heard);
        thread::spawn(move || {
            lines
                .map_while(Result::ok)
                .for_each(|line| hears.note(line));
        });
        Ok(Instance {
            child,
            addr,
            name: name.to_string(),
            heard,
        })
    }

    /// As one that can be called.
    pub fn member(&self) -> Member {
        Member::new(self.name.clone(), self.addr)
    }

    /// How many calls it has begun, and how many of them were stopped, so far.
    pub fn counts(&self) -> (usize, usize) {
        let count = |counter: &AtomicUsize| counter.load(Ordering::SeqCst);
        (count(&self.heard.begun), count(&self.heard.stopped))
    }

    /// What it has told since the last question.
    pub fn lines(&self) -> Vec<String> {
        let mut lines = (self.heard.lines.lock()).unwrap_or_else(PoisonError::into_inner);
        std::mem::take(&mut lines)
    }

    /// Stops its process in the middle of whatever it does, as a machine does that has run out of memory
    /// or breath. Its connections stay open.
    pub fn pause(&self) -> anyhow::Result<()> {
        self.signal("STOP")
    }

    /// Lets it go on.
    pub fn resume(&self) -> anyhow::Result<()> {
        self.signal("CONT")
    }

    /// The standard library knows only SIGKILL; this program is on every Unix.
    fn signal(&self, name: &str) -> anyhow::Result<()> {
        let mut kill = Command::new("kill");
        kill.args(["-s", name, &self.child.id().to_string()]);
        let sent = kill.status().context("`kill` is not on the PATH")?;
        ensure!(sent.success(), "{} has ended by itself", self.name);
        Ok(())
    }
}

impl Heard {
    fn note(&self, line: String) {
        if line.contains(" begins, ") {
            self.begun.fetch_add(1, Ordering::SeqCst);
        }
        if line.contains(" stopped after ") {
            self.stopped.fetch_add(1, Ordering::SeqCst);
        }
        let mut lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        lines.push(line);
    }
}

impl Drop for Instance {
    fn drop(&mut self) {
        // SIGKILL ends a process that is paused as well.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
