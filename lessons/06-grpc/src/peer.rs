//! This program once more, as the server, in a process of its own: for the demo and for `measure`.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::thread;

use anyhow::Context;

/// The other process. It ends with this value.
pub struct Peer {
    child: Child,
    /// Where it listens.
    pub addr: SocketAddr,
}

impl Peer {
    /// Starts it at `addr` with these options; `heard` gets each line that it says afterwards.
    pub fn start(
        addr: SocketAddr,
        options: &[&str],
        heard: impl Fn(&str) + Send + 'static,
    ) -> anyhow::Result<Self> {
        let mut child = Command::new(std::env::current_exe()?)
            .args(["server", "--until-stdin-ends", "--addr"])
            .arg(addr.to_string())
            .args(options)
            // Held open and never written to: when this process ends, the server notices.
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .context("start this program a second time")?;
        let mut lines = BufReader::new(child.stdout.take().context("its output")?).lines();
        let line = lines
            .next()
            .context("the server ended before it listened")??;
        let addr = line.strip_prefix("listening on ").context("an address")?;
        let addr = addr.parse()?;
        thread::spawn(move || lines.map_while(Result::ok).for_each(|line| heard(&line)));
        Ok(Peer { child, addr })
    }

    /// The number of its process.
    pub fn id(&self) -> u32 {
        self.child.id()
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
