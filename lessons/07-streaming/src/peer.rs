//! This program once more, as the server, in a process of its own: for the demo and for `measure`.
//! It tells what happens in its calls, a line for each thing, with the time at which it happened.

use std::io::{self, BufRead, BufReader, Write};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Context, bail};
use l07_streaming::watch::{Event, Watch};
use tokio::time::sleep;

/// The other process. It ends with this value.
pub struct Peer {
    child: Child,
    /// Where it listens.
    pub addr: SocketAddr,
    /// Whom its callers trust, if it speaks TLS.
    pub authority: Option<PathBuf>,
    /// What it has told.
    pub tells: Receiver<Line>,
}

/// One thing that the server told.
pub struct Line {
    pub micros: u128,
    pub words: String,
}

impl Peer {
    /// Starts it on a free port, with more options.
    pub fn start(options: &[&str]) -> anyhow::Result<Self> {
        let mut child = Command::new(std::env::current_exe()?)
            .args(["server", "--until-stdin-ends", "--addr", "127.0.0.1:0"])
            .args(options)
            // Held open and never written to: when this process ends, the server notices.
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .context("start this program a second time")?;
        let out = child.stdout.take().context("its standard output")?;
        let mut lines = BufReader::new(out).lines().map_while(Result::ok);
        let mut authority = None;
        let addr = loop {
            let Some(line) = lines.next() else {
                bail!("the server did not start");
            };
            if let Some(path) = line.strip_prefix("callers trust ") {
                authority = Some(PathBuf::from(path));
            }
            if let Some(addr) = line.strip_prefix("listening on ") {
                break addr.parse()?;
            }
        };
        let (tell, tells) = channel();
        thread::spawn(move || {
            for line in lines {
                let Some((micros, words)) = line.split_once(' ') else {
                    continue;
                };
                let line = Line {
                    micros: micros.parse().unwrap_or(0),
                    words: words.to_string(),
                };
                let _ = tell.send(line);
            }
        });
        Ok(Peer {
            child,
            addr,
            authority,
            tells,
        })
    }

    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Asks it to stop, as Ctrl-C would.
    pub fn stop(&mut self) {
        drop(self.child.stdin.take());
    }

    /// Whether it has ended.
    pub fn has_ended(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(Some(_)))
    }

    /// Asks it to stop, and waits until it has, so that it can clean up. Not while dropping: that
    /// would block the thread on which our own side of the connections is closed.
    pub async fn end(mut self) {
        self.stop();
        for _ in 0..500 {
            if self.has_ended() {
                return;
            }
            sleep(Duration::from_millis(10)).await;
        }
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        // Where it has ended already, there is nothing to do.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// In the server: tells everything.
pub fn narrator() -> Watch {
    Watch::new(|_, method, event| {
        let words = match event {
            Event::Began => format!("{method} begins"),
            Event::Made(number) => format!("makes {number}"),
            Event::Heard(number) => format!("hears {number}"),
            Event::Finished => "the caller has finished".to_string(),
            Event::Left => format!("{method}: the caller has left"),
            Event::Done => format!("{method} is done"),
            Event::Refused(why) => format!("{method} ends: {why}"),
        };
        // The parent may be gone; that is no reason to panic in the middle of a call.
        let mut out = io::stdout().lock();
        let _ = writeln!(out, "{} {words}", now()).and_then(|()| out.flush());
    })
}

/// Both processes read the same clock, so their times can be compared.
pub fn now() -> u128 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |time| time.as_micros())
}
