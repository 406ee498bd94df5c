//! This program once more, as the server, in a process of its own: for the demo and for `measure`.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::Duration;

use anyhow::Context;

/// The other process. It ends with this value.
pub struct Peer {
    child: Child,
    /// Where it listens.
    pub addr: SocketAddr,
    /// What it says while it runs.
    lines: Receiver<String>,
}

impl Peer {
    /// Starts it on a free port.
    pub fn start(more: &[&str]) -> anyhow::Result<Self> {
        let mut child = Command::new(std::env::current_exe()?)
            .args(["server", "--until-stdin-ends", "--addr", "127.0.0.1:0"])
            .args(more)
            // Held open and never written to: when this process ends, the server notices.
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .context("start this program a second time")?;
        let out = BufReader::new(child.stdout.take().context("its output")?);
        let (say, lines) = mpsc::channel();
        // Ends with the process: then there is nothing more to read.
        thread::spawn(move || {
            for line in out.lines().map_while(Result::ok) {
                let _ = say.send(line);
            }
        });
        let first = lines
            .recv_timeout(Duration::from_secs(10))
            .context("the server ended before it listened")?;
        let addr = first.strip_prefix("listening on ").context("an address")?;
        Ok(Peer {
            addr: addr.parse()?,
            child,
            lines,
        })
    }

    /// The number of its process.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// The next thing it says: why it hung up on somebody.
    pub fn says(&self, patience: Duration) -> anyhow::Result<String> {
        let line = self.lines.recv_timeout(patience)?;
        Ok(line
            .split_once(": ")
            .map_or(line.clone(), |(_, why)| why.to_string()))
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
