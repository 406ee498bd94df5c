//! The other process of the demo and of the measurement: this program once more, as the server.

use std::cell::RefCell;
use std::io::{self, BufRead, BufReader, Write};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::Context;
use l02_rpc::server::Event;

/// A line that the server told: when, what, and bytes or words.
pub struct Line {
    pub micros: u128,
    pub what: String,
    pub more: String,
}

/// The server, and what it tells.
pub struct Peer {
    child: RefCell<Child>,
    pub addr: SocketAddr,
    pub tells: Receiver<Line>,
}

impl Peer {
    pub fn start(more: &[&str]) -> anyhow::Result<Self> {
        let mut child = Command::new(std::env::current_exe()?)
            .args(["server", "--until-stdin-ends", "--addr", "127.0.0.1:0"])
            .args(more)
            // Held open and never written to: when this process ends, the server notices.
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            // A method that panics says so there; the demo says it better.
            .stderr(Stdio::null())
            .env("RUST_BACKTRACE", "0")
            .spawn()
            .context("start this program a second time")?;
        let mut lines = BufReader::new(child.stdout.take().context("its output")?).lines();
        let first = lines
            .next()
            .context("the server ended before it listened")??;
        let addr = first
            .strip_prefix("listening on ")
            .context("an address")?
            .parse()?;
        let (tell, tells) = mpsc::channel();
        thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                let mut words = line.splitn(3, ' ');
                let micros = words.next().and_then(|micros| micros.parse().ok());
                let (Some(micros), Some(what)) = (micros, words.next()) else {
                    continue;
                };
                let line = Line {
                    micros,
                    what: what.to_string(),
                    more: words.next().unwrap_or_default().to_string(),
                };
                let _ = tell.send(line);
            }
        });
        Ok(Peer {
            child: RefCell::new(child),
            addr,
            tells,
        })
    }

    pub fn id(&self) -> u32 {
        self.child.borrow().id()
    }

    /// Ends it without a word, as a crash would, and waits until the system has cleaned up.
    pub fn kill(&self) -> io::Result<()> {
        let mut child = self.child.borrow_mut();
        child.kill()?;
        child.wait().map(drop)
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        let _ = self.kill();
    }
}

/// In the server: one line for each thing it sees, with the time at which it saw it.
pub fn narrate(event: Event<'_>) {
    let micros = now();
    let line = match event {
        Event::Read(body) => format!("{micros} read {}\n", hex(body)),
        Event::Sent(body) => format!("{micros} sent {}\n", hex(body)),
        Event::Finished => format!("{micros} finished\n"),
        Event::Refused(ended) => format!("{micros} refused {ended}\n"),
    };
    // The parent may be gone; that is no reason to panic in the middle of a call.
    let mut out = io::stdout().lock();
    let _ = out.write_all(line.as_bytes()).and_then(|()| out.flush());
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Both processes read the same clock, so their times can be compared.
pub fn now() -> u128 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |time| time.as_micros())
}
