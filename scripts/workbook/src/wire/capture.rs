//! One capture from the build to the end, in a thread of its own.
//!
//! Every program runs under supervision, so nothing is left behind, also when the runner itself is
//! killed. All they print arrives in one bounded queue; one thread takes it out and decides.

use std::collections::HashMap;
use std::io;
use std::path::PathBuf;
use std::process::Command;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::sync::{Arc, atomic::Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use serde_json::{Map, Value};

use super::script::{Call, with_address};
use super::{Ears, Offer, Phase, Server, Subject, Wire};
use crate::judge::build::{Place, cargo};
use crate::judge::process::{self, Cancel, Ending, Finished, Stream};
use crate::needs;
use crate::session::Session;
use crate::words;
use crate::words::wire as said;

/// A program that listens is asked to do so within this time.
const START: Duration = Duration::from_secs(30);
/// A call may take so long.
const CALL: Duration = Duration::from_secs(30);
/// A capture that no page looks at is ended after this time, in milliseconds.
const NOBODY: u64 = 60_000;
/// For tests, which cannot wait a minute: another time.
const NOBODY_VARIABLE: &str = "WORKBOOK_WIRE_NOBODY_MS";
/// How often orders and the clock are looked at.
const LOOK: Duration = Duration::from_millis(20);
/// Each program may hold so much memory, as a check may.
const MEMORY: u64 = 1 << 30;
/// Lines on their way from the programs; when they are too many, the programs wait.
const QUEUE: usize = 256;

/// Who says something.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Who {
    Server,
    Wire,
    Client,
}

impl Who {
    fn name(self) -> &'static str {
        match self {
            Self::Server => "server",
            Self::Wire => "wire",
            Self::Client => "client",
        }
    }
}

enum Heard {
    Line(Who, Stream, String),
    Ended(Who, String),
}

/// Runs a capture of `subject` to its end. An error is why it ended if nobody asked for it.
pub fn run(session: &Arc<Session>, subject: &Subject, ears: Ears) -> Result<(), String> {
    let (tell, heard) = sync_channel(QUEUE);
    let mut capture = Capture {
        session,
        cancel: ears.cancel.clone(),
        programs: HashMap::new(),
        tell,
        threads: Vec::new(),
    };
    let ended = capture.go(subject, ears, &heard);
    let asked = capture.cancel.is_cancelled();
    capture.cancel.cancel();
    // Nobody takes lines out any more: whoever waits to put one in must not wait for us.
    drop(heard);
    for thread in capture.threads {
        // A panic in a reader has been reported where it happened.
        let _ = thread.join();
    }
    if asked { Ok(()) } else { ended }
}

struct Capture<'a> {
    session: &'a Arc<Session>,
    cancel: Cancel,
    programs: HashMap<String, PathBuf>,
    tell: SyncSender<Heard>,
    threads: Vec<JoinHandle<()>>,
}

impl Capture<'_> {
    fn go(&mut self, subject: &Subject, ears: Ears, heard: &Receiver<Heard>) -> Result<(), String> {
        self.build(subject)?;
        Wire::change(self.session, |state| state.phase = Phase::Starting);
        let server = match &subject.server {
            Server::Lesson(offer) => {
                let mut command = self.program(&offer.package)?;
                command.args(with_address(&offer.script.server, "127.0.0.1:0"));
                self.start(Who::Server, command, None);
                self.address(Who::Server, heard)?
            }
            Server::Own(port) => format!("127.0.0.1:{port}"),
        };
        let offer = subject.offer();
        let mut command = self.program("wire")?;
        command
            .args(["--json", "--control", "--listen", "127.0.0.1:0", "--to"])
            .args([&server, "--as", &subject.view.to_string()]);
        // They say what the messages are; another view has no use for them.
        if let Some(offer) = offer.filter(|offer| offer.script.view == subject.view) {
            command.args(&offer.script.wire);
        }
        self.start(Who::Wire, command, Some(ears.to_wire));
        let wire = self.address(Who::Wire, heard)?;
        let calls = offer.into_iter().flat_map(|offer| &offer.script.calls);
        let package = offer.map_or("", |offer| &offer.package);
        let commands = calls.map(|call| said::command(package, &with_address(&call.args, &wire)));
        Wire::change(self.session, |state| {
            state.phase = Phase::Running;
            state.commands = commands.collect();
            state.server = Some(server);
            state.wire = Some(wire.clone());
        });
        let nobody = std::env::var(NOBODY_VARIABLE).ok();
        let nobody = nobody.and_then(|text| text.parse().ok()).unwrap_or(NOBODY);
        let mut looked_at = Instant::now();
        loop {
            match heard.recv_timeout(LOOK) {
                Ok(Heard::Line(who, stream, line)) => self.line(who, stream, &line),
                Ok(Heard::Ended(Who::Client, how)) => {
                    self.say(Who::Client.name(), &said::client_ended(&how));
                    Wire::change(self.session, |state| state.calls -= 1);
                }
                Ok(Heard::Ended(who, how)) => {
                    return Err(said::has_ended(who.name(), &how));
                }
                Err(RecvTimeoutError::Timeout) => {
                    Wire::show(self.session, |feed| feed.flush(Instant::now()));
                }
                Err(RecvTimeoutError::Disconnected) => return Ok(()),
            }
            if self.cancel.is_cancelled() {
                return Ok(());
            }
            for number in ears.calls.try_iter() {
                if let Some(offer) = offer
                    && let Some(call) = offer.script.calls.get(number)
                {
                    self.call(&offer.package, call, &wire)?;
                }
            }
            self.threads.retain(|thread| !thread.is_finished());
            if self.session.pages.load(Ordering::Relaxed) > 0 {
                looked_at = Instant::now();
            } else if looked_at.elapsed() > Duration::from_millis(nobody) {
                return Err(said::NOBODY.to_owned());
            }
        }
    }

    /// Compiles what the capture needs and remembers where it is.
    fn build(&mut self, subject: &Subject) -> Result<(), String> {
        let mut names = vec!["wire"];
        let mut what = "wire".to_owned();
        if let Some(Offer { name, package, .. }) = subject.offer() {
            if let Some(lesson) = self.session.course.lesson(name) {
                needs::met(&lesson.needs, name)?;
            }
            names.push(package);
            what = format!("lesson {name}");
        }
        self.say("cargo", &said::building(&what));
        let mut command = cargo(&Place::home(&self.session.course.root));
        // --workspace as for checks: `--package` could choose other features and build tokio anew.
        command.args(["build", "--workspace"]);
        for name in &names {
            command.args(["--bin", name]);
        }
        command.arg("--message-format=json-render-diagnostics");
        let mut programs = HashMap::new();
        let session = self.session;
        let mut on_line = |stream, line: &str| match stream {
            Stream::Out => programs.extend(executable(line)),
            Stream::Err => Wire::show(session, |feed| feed.said("cargo", line, Instant::now())),
        };
        let finished = process::run(&command, None, None, &self.cancel, &mut on_line);
        let finished = finished.map_err(|e| said::has_ended("cargo", &e.to_string()))?;
        match finished.ending {
            Ending::Exited(status) if status.success() => {}
            _ => return Err(said::NOT_BUILT.to_owned()),
        }
        self.programs = programs;
        Ok(())
    }

    fn program(&self, name: &str) -> Result<Command, String> {
        let program = self.programs.get(name);
        let mut command = Command::new(program.ok_or_else(|| said::not_started(name))?);
        command
            .current_dir(&self.session.course.root)
            .env("NO_COLOR", "1");
        Ok(command)
    }

    /// Starts a program that listens until the end of the capture.
    fn start(&mut self, who: Who, command: Command, input: Option<Receiver<String>>) {
        self.spawn(who, move |cancel, on_line| match input {
            Some(input) => process::talk(&command, &input, cancel, on_line),
            None => process::run(&command, Some(MEMORY), None, cancel, on_line),
        });
    }

    /// Lets the lesson's client make one call through the wire.
    fn call(&mut self, package: &str, call: &Call, wire: &str) -> Result<(), String> {
        let args = with_address(&call.args, wire);
        self.say("call", &said::command(package, &args));
        let mut command = self.program(package)?;
        command.args(args);
        self.spawn(Who::Client, move |cancel, on_line| {
            process::run(&command, Some(MEMORY), Some(CALL), cancel, on_line)
        });
        Ok(())
    }

    /// Runs a program in a thread of its own, which tells its lines and its end.
    fn spawn(
        &mut self,
        who: Who,
        run: impl FnOnce(&Cancel, &mut dyn FnMut(Stream, &str)) -> io::Result<Finished> + Send + 'static,
    ) {
        let (tell, cancel) = (self.tell.clone(), self.cancel.clone());
        self.threads.push(std::thread::spawn(move || {
            let finished = run(&cancel, &mut |stream, line| {
                // The capture may be over; then nobody needs the line.
                let _ = tell.send(Heard::Line(who, stream, line.to_owned()));
            });
            let _ = tell.send(Heard::Ended(who, how(finished)));
        }));
    }

    /// Waits until `who` says where it listens.
    fn address(&self, who: Who, heard: &Receiver<Heard>) -> Result<String, String> {
        let deadline = Instant::now() + START;
        loop {
            match heard.recv_timeout(LOOK) {
                Ok(Heard::Line(from, stream, line)) => {
                    self.line(from, stream, &line);
                    let found = match who {
                        _ if from != who || stream != Stream::Out => None,
                        Who::Wire => event(&line).and_then(|event| {
                            let listens = event.get("event")? == "listening";
                            let address = event.get("addr")?.as_str();
                            address.filter(|_| listens).map(str::to_owned)
                        }),
                        _ => line.strip_prefix("listening on ").map(str::to_owned),
                    };
                    if let Some(address) = found {
                        return Ok(address.trim().to_owned());
                    }
                }
                Ok(Heard::Ended(..)) => return Err(said::not_started(who.name())),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return Ok(String::new()),
            }
            if self.cancel.is_cancelled() || Instant::now() >= deadline {
                return Err(said::not_started(who.name()));
            }
        }
    }

    fn line(&self, who: Who, stream: Stream, line: &str) {
        match event(line).filter(|_| who == Who::Wire && stream == Stream::Out) {
            Some(event) => Wire::show(self.session, |feed| feed.event(event, Instant::now())),
            None => self.say(who.name(), line),
        }
    }

    fn say(&self, who: &str, line: &str) {
        Wire::show(self.session, |feed| feed.said(who, line, Instant::now()));
    }
}

/// One object of `wire --json`.
fn event(line: &str) -> Option<Map<String, Value>> {
    serde_json::from_str(line).ok()
}

/// The name and place of the program that a message of cargo tells.
fn executable(line: &str) -> Option<(String, PathBuf)> {
    let message = event(line)?;
    let name = message.get("target")?.get("name")?.as_str()?;
    let file = message.get("executable")?.as_str()?;
    Some((name.to_owned(), PathBuf::from(file)))
}

fn how(finished: io::Result<Finished>) -> String {
    match finished.map(|finished| finished.ending) {
        Err(e) => e.to_string(),
        Ok(Ending::Exited(status)) => status.to_string(),
        Ok(Ending::LimitReached) => said::call_late(CALL.as_secs()),
        Ok(Ending::Cancelled) => words::STOPPED.to_owned(),
    }
}
