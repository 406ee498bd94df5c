//! The program with a state folder of its own, and a look at what is left of it.

pub mod lab;
pub mod lives;

use std::fs;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::Value;
use services::testkit::program::PATIENCE;
use tempfile::TempDir;

/// A folder for the state; whatever was started with it is ended with this value.
pub struct Home {
    dir: TempDir,
    /// Whose file and state are asked for: `consul` or `redis`.
    pub word: &'static str,
}

/// How a run ended.
#[derive(Debug)]
pub struct Said {
    pub code: Option<i32>,
    pub out: String,
    pub err: String,
}

/// Each tells all of the run when it fails.
impl Said {
    #[track_caller]
    pub fn code(&self, code: i32) -> &Self {
        assert_eq!(self.code, Some(code), "{self:?}");
        self
    }

    /// All these words stand on the standard output.
    #[track_caller]
    pub fn says(&self, words: &[&str]) -> &Self {
        let missing = words.iter().find(|words| !self.out.contains(**words));
        assert_eq!(missing, None, "{self:?}");
        self
    }

    /// All these words stand on the standard error.
    #[track_caller]
    pub fn complains(&self, words: &[&str]) -> &Self {
        let missing = words.iter().find(|words| !self.err.contains(**words));
        assert_eq!(missing, None, "{self:?}");
        self
    }
}

/// How an error names this process.
pub fn me() -> String {
    format!("process {}", std::process::id())
}

/// Finds these words in this order, whatever stands between them.
#[track_caller]
pub fn in_order(text: &str, all: &[&str]) {
    let mut at = 0;
    for words in all {
        let found = text[at..].find(words);
        at += found
            .unwrap_or_else(|| panic!("{words:?} is missing after {:?} in\n{text}", &text[..at]));
        at += words.len();
    }
}

impl Home {
    pub fn new() -> Self {
        Self::of("consul")
    }

    /// For tests of the server with this word.
    pub fn of(word: &'static str) -> Self {
        let dir = tempfile::Builder::new().prefix("services-").tempdir();
        Self {
            dir: dir.unwrap(),
            word,
        }
    }

    /// The program, in the surroundings of a machine where nobody has chosen anything.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_services"));
        command
            .args(arguments)
            .env("WORKBOOK_SERVICES_STATE", self.dir.path())
            .env("TMPDIR", self.dir.path())
            .env_remove("WORKBOOK_SERVICES");
        command
    }

    /// Runs it to its end.
    #[track_caller]
    pub fn run(&self, arguments: &[&str]) -> Said {
        said(self.command(arguments))
    }

    /// Runs it to its good end.
    #[track_caller]
    pub fn good(&self, arguments: &[&str]) -> String {
        let said = self.run(arguments);
        said.code(0);
        said.out
    }

    /// What `status --json` says of the server.
    pub fn status(&self) -> Value {
        let said = self.run(&["status", "--json"]);
        let all: Value = serde_json::from_str(&said.out).unwrap();
        let names: Vec<_> = all.as_object().unwrap().keys().collect();
        assert_eq!(names, ["consul", "redis"]);
        all[self.word].clone()
    }

    /// What other programs read.
    pub fn file(&self) -> Option<Value> {
        let text = fs::read(self.path(&format!("{}.json", self.word))).ok()?;
        Some(serde_json::from_slice(&text).unwrap())
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// The folders of servers that are left.
    pub fn folders(&self) -> Vec<String> {
        let entries = fs::read_dir(self.dir.path()).unwrap().flatten();
        let names = entries.map(|entry| entry.file_name().to_string_lossy().into_owned());
        names
            .filter(|name| {
                ["consul-", "etcd-", "redis-"]
                    .iter()
                    .any(|start| name.starts_with(start))
            })
            .collect()
    }

    /// The process that looks after the server.
    pub fn worker(&self) -> u32 {
        let text = fs::read_to_string(self.path(&format!("{}.worker", self.word))).unwrap();
        text.parse().unwrap()
    }

    /// The processes that live and were started, by whomever, because of this folder: it is in the
    /// environment of each.
    pub fn left(&self) -> Vec<u32> {
        let mark = self.dir.path().to_str().unwrap().to_owned();
        processes("environ", |variables| variables.contains(&mark))
    }
}

impl Drop for Home {
    fn drop(&mut self) {
        let _ = self.command(&["down"]).output();
    }
}

#[track_caller]
pub fn said(mut command: impl std::borrow::BorrowMut<Command>) -> Said {
    let output = command.borrow_mut().output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    Said {
        code: output.status.code(),
        out: text(&output.stdout),
        err: text(&output.stderr),
    }
}

/// The address that a file such as `consul.json` names.
pub fn addr(file: &Value) -> SocketAddr {
    file["addr"].as_str().unwrap().parse().unwrap()
}

pub fn pid(file: &Value) -> u32 {
    file["pid"].as_u64().unwrap().try_into().unwrap()
}

/// The living processes whose `part` (`cmdline` or `environ`), with spaces between the words, is as
/// `is` says.
pub fn processes(part: &str, is: impl Fn(&str) -> bool) -> Vec<u32> {
    let entries = fs::read_dir("/proc").unwrap().flatten();
    let pids = entries.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    pids.filter(|pid| {
        let text = fs::read(format!("/proc/{pid}/{part}")).unwrap_or_default();
        is(&String::from_utf8_lossy(&text).replace('\0', " ")) && lives(*pid)
    })
    .collect()
}

/// Whether all threads of this process stand still after SIGSTOP.
pub fn stopped(pid: u32) -> bool {
    let threads = fs::read_dir(format!("/proc/{pid}/task")).unwrap().flatten();
    threads.into_iter().all(|thread| {
        let stat = fs::read_to_string(thread.path().join("stat")).unwrap_or_default();
        stat.rsplit_once(") ")
            .is_some_and(|(_, rest)| rest.starts_with('T'))
    })
}

/// Whether this process is there and no mere entry in a table. The first of its threads may be such
/// an entry while others still hold files.
pub fn lives(pid: u32) -> bool {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    let dead = stat
        .rsplit_once(") ")
        .is_none_or(|(_, rest)| rest.starts_with('Z'));
    !dead || fs::read_dir(format!("/proc/{pid}/task")).is_ok_and(|threads| threads.count() > 1)
}

pub fn signal(name: &str, pid: u32) {
    let mut kill = Command::new("kill");
    let sent = kill.args(["-s", name, &pid.to_string()]).status().unwrap();
    assert!(sent.success(), "kill -s {name} {pid}");
}

#[track_caller]
pub fn until(what: &str, mut done: impl FnMut() -> bool) {
    let since = Instant::now();
    while !done() {
        assert!(
            since.elapsed() < PATIENCE,
            "waited {PATIENCE:?} for: {what}"
        );
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// The body of what an HTTP API answers.
pub fn ask(addr: SocketAddr, method: &str, path: &str, body: &str) -> String {
    let mut stream = TcpStream::connect(addr).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let length = body.len();
    write!(
        stream,
        "{method} {path} HTTP/1.0\r\nContent-Length: {length}\r\n\r\n{body}"
    )
    .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    assert!(head.contains(" 200 "), "{method} {path}: {answer}");
    body.to_owned()
}

/// `kill -9`; the system needs a moment for it.
pub fn kill(pid: u32) {
    signal("KILL", pid);
    until("it is killed", || !lives(pid));
}
