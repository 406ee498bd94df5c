//! The membership of a class, as the page "Join a class" shows it: what the program of the class has kept in its files,
//! and this program itself as a supervised process. It is the one of `cargo workbook class`, started in the same way;
//! it is built when a learner presses the button, and never before.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{Read as _, Seek as _, SeekFrom};
use std::path::Path;
use std::process::Command;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde::Deserialize;
use serde_json::{Value, json};

use crate::judge::process::{self, Cancel, Ending};
use crate::store::{Event, Store};
use crate::text::{harmless, without_colours};

/// Lines of the program that are kept.
const LINES: usize = 40;
/// Messages that are shown, the newest.
const MESSAGES: usize = 8;
/// Characters of one that are shown.
const MESSAGE: usize = 700;
/// Bytes of the list of messages that are read, from its end.
const TAIL: u64 = 256 * 1024;
/// How long a command may take, with the build of the program.
const LIMIT: Duration = Duration::from_secs(10 * 60);

/// What the program of the class keeps of a membership, as far as the page needs it. The key is not read.
#[derive(Deserialize)]
struct Member {
    code: String,
    name: String,
    joined: bool,
    cursor: usize,
}

/// `class join` of this runner.
#[derive(Default)]
pub struct Classroom(Arc<Mutex<Inner>>);

#[derive(Default)]
struct Inner {
    running: Option<Cancel>,
    lines: VecDeque<String>,
}

impl Classroom {
    /// Joins, and sends from then on; without a code, goes on with the class of the last time. False if it runs already.
    pub fn join(&self, root: &Path, code: Option<&str>, name: Option<&str>) -> bool {
        let cancel = Cancel::default();
        let mut inner = self.lock();
        if inner.running.is_some() {
            return false;
        }
        inner.lines.clear();
        inner.running = Some(cancel.clone());
        drop(inner);
        let mut command = class(root);
        command.arg("join").args(code);
        command.args(name.map(|name| format!("--name={name}")));
        let shared = Self(Arc::clone(&self.0));
        std::thread::spawn(move || {
            let mut heard = |_, line: &str| shared.hear(line);
            if let Err(e) = process::run(&command, None, None, &cancel, &mut heard) {
                shared.hear(&e.to_string());
            }
            shared.lock().running = None;
        });
        true
    }

    /// Ends the sending. The membership stays.
    pub fn stop(&self) {
        if let Some(cancel) = &self.lock().running {
            cancel.cancel();
        }
    }

    fn hear(&self, line: &str) {
        let line = harmless(&without_colours(line));
        let of_cargo = |line: &String| {
            let words = ["Compiling ", "Downloading ", "Blocking "];
            words.iter().any(|word| line.trim_start().starts_with(word))
        };
        let mut inner = self.lock();
        // Of the build, only where it is now.
        if inner.lines.back().is_some_and(of_cargo) {
            inner.lines.pop_back();
        }
        if inner.lines.len() == LINES {
            inner.lines.pop_front();
        }
        inner.lines.push_back(line);
    }

    /// What the page shows of the course at `root`.
    pub fn state(&self, root: &Path) -> Value {
        let member = std::fs::read(root.join(".workbook/class/member.json")).ok();
        let member = member.and_then(|bytes| serde_json::from_slice::<Member>(&bytes).ok());
        let lines = Store::new(root).lines().0;
        let mut tried: Vec<&str> = lines
            .iter()
            .filter(|line| matches!(line.event, Event::Attempt(_)))
            .map(|line| line.id.as_str())
            .collect();
        tried.sort_unstable();
        tried.dedup();
        let inner = self.lock();
        json!({
            "running": inner.running.is_some(),
            "lines": inner.lines,
            "member": member.as_ref().map(|member| json!({
                "name": member.name, "joined": member.joined, "room": room(&member.code),
                "waiting": waiting(root, member.cursor),
            })),
            "sent": sent(root),
            "tried": tried,
        })
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Runs a command of the class to its end: whether it was good, and what it said.
pub fn tell(root: &Path, words: &[&str]) -> (bool, String) {
    let mut command = class(root);
    command.args(words);
    let cancel = Cancel::default();
    match process::run(&command, None, Some(LIMIT), &cancel, &mut |_, _| {}) {
        Err(e) => (false, e.to_string()),
        Ok(finished) => {
            let good = matches!(finished.ending, Ending::Exited(status) if status.success());
            let said = if good { finished.out } else { finished.err };
            let last = said.trim().lines().last().unwrap_or_default();
            (good, harmless(&without_colours(last)))
        }
    }
}

fn class(root: &Path) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap_or_default());
    command.arg("class").current_dir(root).env("NO_COLOR", "1");
    command
}

/// The room code within the code of a class.
fn room(code: &str) -> &str {
    let code = code.rsplit('/').next().unwrap_or_default();
    code.split('-').next().unwrap_or_default()
}

/// How many results after `cursor` of the attempt log the class does not have.
fn waiting(root: &Path, cursor: usize) -> usize {
    let log = std::fs::read(root.join(".workbook/attempts.jsonl")).unwrap_or_default();
    let rest = log.get(cursor..).unwrap_or_default();
    let is_attempt = |line: &&[u8]| {
        let line = serde_json::from_slice::<Value>(line);
        line.is_ok_and(|line| line["kind"] == "attempt")
    };
    rest.split(|byte| *byte == b'\n').filter(is_attempt).count()
}

/// The newest messages, as they were sent, each with what became of it.
fn sent(root: &Path) -> Vec<String> {
    let tail = || -> std::io::Result<Vec<u8>> {
        let mut file = File::open(root.join(".workbook/class/sent.jsonl"))?;
        let length = file.metadata()?.len();
        file.seek(SeekFrom::Start(length.saturating_sub(TAIL)))?;
        let mut bytes = Vec::new();
        file.take(TAIL).read_to_end(&mut bytes)?;
        Ok(bytes)
    };
    let text = tail().unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    let newest = text.lines().rev().take(MESSAGES);
    newest
        .map(|line| line.chars().take(MESSAGE).collect())
        .collect()
}
