//! The running program once more, as a greeter in a process of its own: for demos, and for `measure`.
//! The program has to know `server --addr A --consul A`.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::Context;
use services::testkit::Guarded;

/// The other process. It ends with this value, and also when this process is killed.
pub struct Greeter {
    process: Guarded,
    /// Where it listens.
    pub addr: SocketAddr,
}

impl Greeter {
    /// Starts it on a free port, with these options of `server`; `heard` gets each line that it says
    /// afterwards.
    ///
    /// # Errors
    /// If it cannot be started, or ends before it listens.
    pub fn start(
        consul: SocketAddr,
        options: &[&str],
        heard: impl Fn(&str) + Send + 'static,
    ) -> anyhow::Result<Self> {
        let mut command = Command::new(std::env::current_exe()?);
        command
            .args(["server", "--addr", "127.0.0.1:0", "--consul"])
            .arg(consul.to_string())
            .args(options)
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
    #[must_use]
    pub fn id(&self) -> u32 {
        self.process.id()
    }

    /// Ends it as a crash does: it says nothing to anybody.
    pub fn kill(&mut self) {
        self.process.kill();
    }

    /// Asks it to end, as Ctrl-C does, and waits until it has.
    ///
    /// # Errors
    /// If it still runs after 20 s.
    pub async fn interrupt(&mut self) -> anyhow::Result<()> {
        self.process.interrupt();
        let until = Instant::now() + Duration::from_secs(20);
        while self.process.ended().is_none() {
            anyhow::ensure!(Instant::now() < until, "the greeter does not end");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        Ok(())
    }
}
