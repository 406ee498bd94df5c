//! One capture from the build to the end, in a thread of its own.
//!
//! Every program runs under supervision, so nothing is left behind, also when the runner itself is
//! killed. All they print arrives in one bounded queue; one thread takes it out and decides.

use std::collections::HashMap;
use std::path::PathBuf;
use std::process::Command;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::sync::{Arc, atomic::Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use serde_json::{Map, Value};

use super::script::{Call, with_address};
use super::{Ears, Phase, Subject, Wire};
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
        let server = match subject {
            Subject::Lesson {
                package, script, ..
            } => {
                let mut command = self.program(package)?;
                command.args(with_address(&script.server, "127.0.0.1:0"));
                self.start(Who::Server, command, None);
                self.address(Who::Server, heard)?
            }
            Subject::Own { port, .. } => format!("127.0.0.1:{port}"),
        };
        let mut command = self.program("wire")?;
        command
            .args(["--json", "--control", "--listen", "127.0.0.1:0", "--to"])
            .args([&server, "--as", &subject.view().to_string()]);
        // They say what the messages are; another view has no use for them.
        if let Subject::Lesson { script, view, .. } = subject
            && *view == script.view
        {
            command.args(&script.wire);
        }
        self.start(Who::Wire, command, Some(ears.to_wire));
        let wire = self.address(Who::Wire, heard)?;
        Wire::change(self.session, |state| {
            state.phase = Phase::Running;
            state.commands = match subject {
                Subject::Own { .. } => Vec::new(),
                Subject::Lesson {
                    package, script, ..
                } => {
                    let calls = script.calls.iter();
                    calls
                        .map(|call| said::command(package, &with_address(&call.args, &wire)))
                        .collect()
                }
            };
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
                    self.say(Who::Client.name(), &how);
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
                if let Subject::Lesson {
                    package, script, ..
                } = subject
                    && let Some(call) = script.calls.get(number)
                {
                    self.call(package, call, &wire)?;
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
        if let Subject::Lesson { name, .. } = subject
            && let Some(lesson) = self.session.course.lesson(name)
        {
            needs::met(&lesson.needs, name)?;
        }
        let mut names = vec!["wire"];
        let what = match subject {
            Subject::Lesson { name, package, .. } => {
                names.push(package);
                format!("lesson {name}")
            }
            Subject::Own { .. } => "wire".to_owned(),
        };
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
        let finished =
            process::run(
                &command,
                None,
                None,
                &self.cancel,
                &mut |stream, line| match stream {
                    Stream::Out => programs.extend(executable(line)),
                    Stream::Err => {
                        Wire::show(session, |feed| feed.said("cargo", line, Instant::now()));
                    }
                },
            );
        let finished = finished.map_err(|e| words::wire::has_ended("cargo", &e.to_string()))?;
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
        let (tell, cancel) = (self.tell.clone(), self.cancel.clone());
        self.threads.push(std::thread::spawn(move || {
            let mut on_line = |stream: Stream, line: &str| {
                // The capture may be over; then nobody needs the line.
                let _ = tell.send(Heard::Line(who, stream, line.to_owned()));
            };
            let finished = match input {
                Some(input) => process::talk(&command, &input, &cancel, &mut on_line),
                None => process::run(&command, Some(MEMORY), None, &cancel, &mut on_line),
            };
            let _ = tell.send(Heard::Ended(who, how(finished)));
        }));
    }

    /// Lets the lesson's client make one call through the wire.
    fn call(&mut self, package: &str, call: &Call, wire: &str) -> Result<(), String> {
        let args = with_address(&call.args, wire);
        self.say("call", &said::command(package, &args));
        let mut command = self.program(package)?;
        command.args(args);
        let (tell, cancel) = (self.tell.clone(), self.cancel.clone());
        self.threads.push(std::thread::spawn(move || {
            let finished = process::run(
                &command,
                Some(MEMORY),
                Some(CALL),
                &cancel,
                &mut |stream, line| {
                    let _ = tell.send(Heard::Line(Who::Client, stream, line.to_owned()));
                },
            );
            let _ = tell.send(Heard::Ended(
                Who::Client,
                said::client_ended(&how(finished)),
            ));
        }));
        Ok(())
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
    match serde_json::from_str(line).ok()? {
        Value::Object(event) => Some(event),
        _ => None,
    }
}

/// The name and place of the program that a message of cargo tells.
fn executable(line: &str) -> Option<(String, PathBuf)> {
    let message = event(line)?;
    let name = message.get("target")?.get("name")?.as_str()?;
    let file = message.get("executable")?.as_str()?;
    Some((name.to_owned(), PathBuf::from(file)))
}

fn how(finished: std::io::Result<Finished>) -> String {
    match finished.map(|finished| finished.ending) {
        Err(e) => e.to_string(),
        Ok(Ending::Exited(status)) => status.to_string(),
        Ok(Ending::LimitReached) => said::call_late(CALL.as_secs()),
        Ok(Ending::Cancelled) => words::STOPPED.to_owned(),
    }
}
