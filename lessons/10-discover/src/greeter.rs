//! This program once more, as a greeter in a process of its own: for the demo.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::process::{Command, Stdio};
use std::thread;

use anyhow::Context;
use services::testkit::Guarded;

/// How often Consul looks at it, in milliseconds. Real services take 10 s; nobody wants to watch that.
pub const CHECKED: &str = "3000";

/// The other process. It ends with this value, and also when this process is killed.
pub struct Greeter {
    process: Guarded,
    /// Where it listens.
    pub addr: SocketAddr,
}

impl Greeter {
    /// Starts it on a free port; `heard` gets each line that it says afterwards.
    pub fn start(
        consul: SocketAddr,
        heard: impl Fn(&str) + Send + 'static,
    ) -> anyhow::Result<Self> {
        let mut command = Command::new(std::env::current_exe()?);
        command
            .args(["server", "--addr", "127.0.0.1:0"])
            .args(["--check-every-ms", CHECKED, "--consul"])
            .arg(consul.to_string())
            .stdout(Stdio::piped());
        let mut process =
            Guarded::start(&mut command, None).context("start this program a second time")?;
        let output = process.child().stdout.take().context("its output")?;
        let mut lines = BufReader::new(output).lines();
        let line = lines
            .next()
            .context("the greeter ended before it listened")??;
        let addr = line.strip_prefix("listening on ").context("an address")?;
        let addr = addr.parse()?;
        thread::spawn(move || lines.map_while(Result::ok).for_each(|line| heard(&line)));
        Ok(Greeter { process, addr })
    }

    /// The number of its process.
    pub fn id(&self) -> u32 {
        self.process.id()
    }

    /// Ends it as a crash does: it says nothing to anybody.
    pub fn kill(&mut self) {
        self.process.kill();
    }
}
