//! The two buttons: starts and ends the Consul of `cargo workbook services`, with the very command
//! that a learner types. What it says is shown.
//!
//! Not under supervision, as programs of the live capture are: what it starts is meant to go on when
//! the runner ends, as it does from a terminal.

use std::collections::VecDeque;
use std::io::{BufRead, BufReader, Read};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;

use super::list::cut;
use super::{Inner, Phone};
use crate::session::{Event, Session};
use crate::text::{harmless, without_colours};
use crate::words::phone as words;

/// Lines that are kept; the longest of them in characters, and in bytes before it is cut.
const LINES: usize = 40;
const LINE: usize = 300;
const LINE_BYTES: u64 = 64 * 1024;
/// How often it is looked whether the command has ended, and whether it shall.
const LOOK: Duration = Duration::from_millis(50);

/// What is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Order {
    /// Start it.
    Up,
    /// End it.
    Down,
}

impl Order {
    fn word(self) -> &'static str {
        match self {
            Self::Up => "up",
            Self::Down => "down",
        }
    }
}

/// How far the last command is.
#[derive(Debug, Default, Serialize)]
pub struct Services {
    /// It is under way.
    pub doing: Option<Order>,
    /// It did not do what was asked.
    failed: bool,
    /// What it said.
    lines: VecDeque<String>,
}

impl Services {
    fn say(&mut self, line: &str) {
        let line = harmless(&without_colours(&cut(line.trim_end(), LINE)));
        self.lines.push_back(line);
        if self.lines.len() > LINES {
            self.lines.pop_front();
        }
    }
}

/// Begins to do it, in a thread of its own.
///
/// # Errors
/// If something is under way, in words.
pub fn begin(session: &Arc<Session>, order: Order) -> Result<(), &'static str> {
    let mut inner = session.phone.lock();
    if inner.services.doing.is_some() || inner.closed {
        return Err(words::BUSY);
    }
    inner.services = Services {
        doing: Some(order),
        ..Services::default()
    };
    drop(inner);
    change(session, |_| ());
    let session = Arc::clone(session);
    std::thread::spawn(move || {
        let done = run(&session, order);
        change(&session, |inner| {
            inner.services.doing = None;
            inner.services.failed = !matches!(done, Ok(true));
            if let Err(e) = &done {
                inner.services.say(&e.to_string());
            }
        });
        let named = session.phone.lock().named.is_some();
        if order == Order::Up && matches!(done, Ok(true)) && named {
            // Whoever starts one wants to see it.
            Phone::choose(&session, None);
        }
    });
    Ok(())
}

fn run(session: &Arc<Session>, order: Order) -> std::io::Result<bool> {
    let mut child = Command::new(std::env::current_exe()?)
        .args(["services", order.word(), "consul"])
        .current_dir(&session.course.root)
        .env("NO_COLOR", "1")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()?;
    let out = child.stdout.take().map(|out| listen(session, out));
    let err = child.stderr.take().map(|err| listen(session, err));
    let status = loop {
        if let Some(status) = child.try_wait()? {
            break status;
        }
        if session.phone.lock().closed {
            child.kill()?;
        }
        std::thread::sleep(LOOK);
    };
    for thread in [out, err].into_iter().flatten() {
        // A panic in a reader has been reported where it happened.
        let _ = thread.join();
    }
    Ok(status.success())
}

fn listen(session: &Arc<Session>, from: impl Read + Send + 'static) -> std::thread::JoinHandle<()> {
    let session = Arc::clone(session);
    std::thread::spawn(move || {
        let mut reader = BufReader::new(from);
        loop {
            let mut line = Vec::new();
            match (&mut reader).take(LINE_BYTES).read_until(b'\n', &mut line) {
                Ok(0) | Err(_) => return,
                Ok(_) => {
                    let line = String::from_utf8_lossy(&line);
                    change(&session, |inner| inner.services.say(&line));
                }
            }
        }
    })
}

fn change(session: &Session, change: impl FnOnce(&mut Inner)) {
    let mut inner = session.phone.lock();
    change(&mut inner);
    inner.version += 1;
    drop(inner);
    session.tell(&Event::Phone);
}
