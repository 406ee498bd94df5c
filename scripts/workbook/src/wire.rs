//! The live capture that the page "See the wire" shows: one server, one `wire` in front of it, and
//! calls through it.
//!
//! There is one capture at a time in a runner. It belongs to the session, not to a page: a second
//! page, or the same one after a reload, sees what runs. It ends when somebody stops it, when its
//! server or wire ends, when no page has been open for a while, and with the runner.
//!
//! Layout: `script` reads what a lesson offers, `dial` is the chaos, `feed` keeps and bounds what
//! is shown, `capture` builds and starts the programs. This file is what pages ask for.

mod capture;
pub mod dial;
mod feed;
pub mod script;

use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use serde::Serialize;
use serde_json::{Value, json};

use crate::course::Lesson;
use crate::judge::process::Cancel;
use crate::session::{Event, Session};
use crate::words::wire as words;
use dial::Dial;
use feed::Feed;
use script::{Script, View};

/// Calls of one capture that are under way at the same time, at most.
const CALLS: usize = 4;

/// What a capture looks at.
#[derive(Debug, Clone)]
pub struct Subject {
    /// How to read what crosses.
    pub view: View,
    /// The server.
    pub server: Server,
}

/// A server to look at.
#[derive(Debug, Clone)]
pub enum Server {
    /// That of a lesson, which the runner starts.
    Lesson(Offer),
    /// One of the learner's own, on this port of 127.0.0.1.
    Own(u16),
}

/// What a lesson offers.
#[derive(Debug, Clone)]
pub struct Offer {
    /// Its folder name.
    pub name: String,
    /// Its Cargo package, which is its program as well.
    pub package: String,
    /// How to start it and what to call.
    pub script: Script,
}

impl Subject {
    /// The subject for `lesson` of the course in `session`, read as `view` or as the lesson says.
    pub fn of(session: &Session, lesson: &Lesson, view: Option<View>) -> Result<Self, String> {
        let script = Script::read(&session.course.root, lesson)?;
        let script = script.ok_or_else(|| words::NO_SCRIPT.to_owned())?;
        Ok(Self {
            view: view.unwrap_or(script.view),
            server: Server::Lesson(Offer {
                name: lesson.name.clone(),
                package: lesson.package(),
                script,
            }),
        })
    }

    fn offer(&self) -> Option<&Offer> {
        match &self.server {
            Server::Lesson(offer) => Some(offer),
            Server::Own(_) => None,
        }
    }
}

/// How far a capture is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Phase {
    /// There is none.
    #[default]
    Idle,
    /// Cargo compiles its programs.
    Building,
    /// The programs begin to listen.
    Starting,
    /// Clients may come.
    Running,
}

/// The capture as the pages show it.
#[derive(Debug, Clone, Default, Serialize)]
pub struct State {
    /// Its number in this session, from 1; 0 before the first.
    pub capture: u64,
    /// How far it is.
    pub phase: Phase,
    /// The lesson it looks at, if it is one.
    pub lesson: Option<String>,
    /// How the bytes are read.
    pub view: Option<View>,
    /// Where the server listens.
    pub server: Option<String>,
    /// Where the wire listens.
    pub wire: Option<String>,
    /// The same calls from a second terminal.
    pub commands: Vec<String>,
    /// Calls that are under way.
    pub calls: usize,
    /// What the wire was last asked to do.
    pub dial: Dial,
    /// Why the last one ended, if nobody asked for it.
    pub why: Option<String>,
}

/// See the file.
#[derive(Default)]
pub struct Wire {
    inner: Mutex<Inner>,
    ended: Condvar,
}

#[derive(Default)]
struct Inner {
    state: State,
    feed: Feed,
    running: Option<Running>,
    closed: bool,
}

/// How to reach a capture that is on its way.
struct Running {
    cancel: Cancel,
    /// Calls to make, by their place in the script.
    calls: Sender<usize>,
    to_wire: Sender<String>,
    offered: usize,
}

/// What the capture's thread listens to.
struct Ears {
    cancel: Cancel,
    calls: Receiver<usize>,
    to_wire: Receiver<String>,
}

impl Wire {
    /// Starts a capture of `subject` in a thread of its own.
    ///
    /// # Errors
    /// If there is one already, in words.
    pub fn start(session: &Arc<Session>, subject: Subject) -> Result<(), &'static str> {
        let (calls, called) = channel();
        let (to_wire, heard) = channel();
        let cancel = Cancel::default();
        let mut inner = session.wire.lock();
        if inner.closed || inner.running.is_some() {
            return Err(words::BUSY);
        }
        let capture = inner.state.capture + 1;
        inner.state = State {
            capture,
            phase: Phase::Building,
            lesson: subject.offer().map(|offer| offer.name.clone()),
            view: Some(subject.view),
            ..State::default()
        };
        inner.feed = Feed::new(capture);
        inner.running = Some(Running {
            cancel: cancel.clone(),
            calls,
            to_wire,
            offered: (subject.offer()).map_or(0, |offer| offer.script.calls.len()),
        });
        drop(inner);
        session.tell(&Event::State);
        let ears = Ears {
            cancel,
            calls: called,
            to_wire: heard,
        };
        let session = Arc::clone(session);
        std::thread::spawn(move || {
            let why = capture::run(&session, &subject, ears);
            let mut inner = session.wire.lock();
            inner.running = None;
            inner.state.phase = Phase::Idle;
            inner.state.calls = 0;
            inner.state.why = why.err();
            drop(inner);
            session.wire.ended.notify_all();
            session.tell(&Event::State);
        });
        Ok(())
    }

    /// Ends the capture. Whether there was one.
    pub fn stop(&self) -> bool {
        let inner = self.lock();
        inner
            .running
            .iter()
            .for_each(|running| running.cancel.cancel());
        inner.running.is_some()
    }

    /// Ends the capture, takes no more, and returns when nothing of it is left.
    pub fn close(&self) {
        self.lock().closed = true;
        self.stop();
        let mut inner = self.lock();
        while inner.running.is_some() {
            let ended = self.ended.wait(inner);
            inner = ended.unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Turns the dial of the running wire.
    ///
    /// # Errors
    /// If none runs, in words.
    pub fn turn(&self, dial: Dial) -> Result<(), &'static str> {
        let mut inner = self.lock();
        let running = inner.when_running()?;
        let asked = running.to_wire.send(format!("chaos {dial}\n"));
        asked.map_err(|_| words::NOT_RUNNING)?;
        inner.state.dial = dial;
        Ok(())
    }

    /// Makes the call at this place of the script.
    ///
    /// # Errors
    /// If none runs, there is no such call, or too many are under way; in words.
    pub fn call(&self, number: usize) -> Result<(), &'static str> {
        let mut inner = self.lock();
        let under_way = inner.state.calls;
        let running = inner.when_running()?;
        if number >= running.offered {
            return Err(words::NO_SUCH_CALL);
        }
        if under_way >= CALLS {
            return Err(words::TOO_MANY_CALLS);
        }
        let asked = running.calls.send(number);
        asked.map_err(|_| words::NOT_RUNNING)?;
        inner.state.calls += 1;
        Ok(())
    }

    /// The capture as it is now.
    pub fn state(&self) -> State {
        self.lock().state.clone()
    }

    /// All that a page needs which has just been opened: what there is to choose, and what a
    /// running or the last capture has shown.
    pub fn everything(session: &Session) -> Value {
        let lessons: Vec<Value> = session
            .course
            .lessons
            .iter()
            .filter_map(|lesson| {
                let script = Script::read(&session.course.root, lesson).ok()??;
                let titles: Vec<&str> = script.calls.iter().map(|c| c.title.as_str()).collect();
                Some(json!({
                    "id": lesson.name,
                    "number": lesson.number,
                    "title": lesson.title,
                    "view": script.view,
                    "calls": titles,
                }))
            })
            .collect();
        let inner = session.wire.lock();
        json!({
            "lessons": lessons,
            "state": inner.state,
            "rows": inner.feed.kept(),
        })
    }

    /// Shows rows, and tells them to the pages.
    fn show(session: &Session, add: impl FnOnce(&mut Feed) -> Vec<Value>) {
        let rows = add(&mut session.wire.lock().feed);
        for row in rows {
            session.tell(&Event::Wire(row.to_string().into()));
        }
    }

    fn change(session: &Session, change: impl FnOnce(&mut State)) {
        change(&mut session.wire.lock().state);
        session.tell(&Event::State);
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        // Every change leaves it whole; a panic elsewhere does not change that.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    fn when_running(&self) -> Result<&Running, &'static str> {
        self.running
            .as_ref()
            .filter(|_| self.state.phase == Phase::Running)
            .ok_or(words::NOT_RUNNING)
    }
}
