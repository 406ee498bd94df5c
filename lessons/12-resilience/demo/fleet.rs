//! Instances for the demo, each a process of its own: this program, started again as a server. Only a
//! process can be paused.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::Context;
use l12_resilience::member::Member;
use stage::child::{Child, Spawn};

/// What an instance prints that accepts no connection.
const REFUSING: &str = "refusing on ";

/// A running instance. It is killed with this value.
pub struct Instance {
    /// Pauses it, as an overloaded machine does, and resumes it: its connections stay open.
    pub process: Child,
    /// Where it is.
    pub addr: SocketAddr,
    /// What it calls itself.
    pub name: String,
    heard: Arc<Heard>,
}

/// What it has printed.
#[derive(Default)]
struct Heard {
    begun: AtomicUsize,
    stopped: AtomicUsize,
    lines: Mutex<Vec<String>>,
}

impl Instance {
    /// Starts one on a free port.
    pub fn start(name: &str, options: &[&str]) -> anyhow::Result<Self> {
        let heard: Arc<Heard> = Arc::default();
        let hears = Arc::clone(&heard);
        let process = Spawn::this_program(["server", "--addr", "127.0.0.1:0", "--name", name])?
            .args(options)
            .name(name)
            .until_stdin_ends("--until-stdin-ends")
            .note(REFUSING)
            .heard(move |line| hears.note(&line.text))
            .start()?;
        let addr = if options.contains(&"refusing") {
            let addr = process.said_blocking(REFUSING)?;
            addr.parse().context("an address")?
        } else {
            process.listening_blocking()?
        };
        Ok(Instance {
            process,
            addr,
            name: name.to_string(),
            heard,
        })
    }

    /// As a member of a list.
    pub fn member(&self) -> Member {
        Member::new(self.name.clone(), self.addr)
    }

    /// Returns how many calls it has begun, and how many of them were stopped.
    pub fn counts(&self) -> (usize, usize) {
        let count = |counter: &AtomicUsize| counter.load(Ordering::SeqCst);
        (count(&self.heard.begun), count(&self.heard.stopped))
    }

    /// Returns what it has printed about its calls since the last time.
    pub fn lines(&self) -> Vec<String> {
        let mut lines = (self.heard.lines.lock()).unwrap_or_else(PoisonError::into_inner);
        std::mem::take(&mut lines)
    }
}

impl Heard {
    fn note(&self, line: &str) {
        if line.contains(" begins, ") {
            self.begun.fetch_add(1, Ordering::SeqCst);
        } else if line.contains(" stopped after ") {
            self.stopped.fetch_add(1, Ordering::SeqCst);
        } else {
            return;
        }
        let mut lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        lines.push(line.to_string());
    }
}
