//! What is remembered about a server that runs in the background, in one folder. For Consul:
//!
//! * `consul.json`: where it is. Other programs read it, so it is written in one piece, and it is
//!   there only while Consul is ready.
//! * `consul.worker`: the number of the process that looks after it. That process holds a lock on this
//!   file as long as it lives: a number alone may belong to another process by now.
//! * `consul.ended`: why the last one ended, if it did so by itself.
//! * `consul.lock`: held by `up` and `down`, so that two of them do not mix.
//! * `consul.log`: what the background process had to say.
//!
//! For Redis the same with `redis`.

use std::fs::{self, File, TryLockError};
use std::io::{self, Write};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use serde::{Deserialize, Serialize};

use crate::server::Kind;

/// The variable of the environment that names the folder.
pub const VARIABLE: &str = "WORKBOOK_SERVICES_STATE";

/// `consul.json` and `redis.json`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Running {
    /// Where it listens: of Consul, the HTTP API.
    pub addr: SocketAddr,
    /// `real` or `embedded`.
    pub side: String,
    /// The process that serves it.
    pub pid: u32,
    /// What it calls its version.
    pub version: String,
}

impl Running {
    /// Which one is up, and where.
    pub fn words(&self, kind: Kind) -> String {
        let Running {
            addr,
            side,
            pid,
            version,
        } = self;
        format!("{kind} {version}, the {side} one, is up at {addr} (process {pid}).")
    }
}

/// See the file.
#[derive(Debug, Clone)]
pub struct State {
    dir: PathBuf,
    kind: Kind,
}

impl State {
    /// The folder that was asked for, else the one of the environment, else `target/services` of
    /// the workbook around the current folder.
    pub fn at(asked: Option<PathBuf>, kind: Kind) -> Result<Self> {
        let named = std::env::var_os(VARIABLE).filter(|named| !named.is_empty());
        let dir = match asked.or(named.map(PathBuf::from)) {
            Some(dir) => dir,
            None => root().join("target/services"),
        };
        fs::create_dir_all(&dir).with_context(|| format!("cannot write {}", dir.display()))?;
        Ok(Self {
            dir: dir.canonicalize().unwrap_or(dir),
            kind,
        })
    }

    /// Which server it is about.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// The folder.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// Where the background process may write.
    pub fn log(&self) -> PathBuf {
        self.file("log")
    }

    /// Waits until no other `up` or `down` is at work; they wait as long as the file lives.
    pub fn alone(&self) -> Result<File> {
        let path = self.file("lock");
        let file =
            File::create(&path).with_context(|| format!("cannot write {}", path.display()))?;
        if let Err(TryLockError::WouldBlock) = file.try_lock() {
            eprintln!("Another `services` command is at work; waiting for it.");
        }
        file.lock()?;
        Ok(file)
    }

    /// Makes this process the one that looks after the server, until the file is dropped.
    pub fn live(&self) -> Result<File> {
        let path = self.file("worker");
        let mut options = File::options();
        options.create(true).truncate(false).write(true);
        let mut file = options
            .open(&path)
            .with_context(|| format!("cannot write {}", path.display()))?;
        let since = Instant::now();
        // A process that asks whether it is locked locks it for a moment.
        while file.try_lock().is_err() {
            if since.elapsed() > Duration::from_secs(2) {
                bail!(
                    "a {} is up already: `cargo workbook services status` tells where",
                    self.kind
                );
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        file.set_len(0)?;
        write!(file, "{}", std::process::id())?;
        Ok(file)
    }

    /// The process that looks after it, if it lives.
    pub fn worker(&self) -> Option<u32> {
        let path = self.file("worker");
        let file = File::open(&path).ok()?;
        match file.try_lock() {
            Err(TryLockError::WouldBlock) => fs::read_to_string(path).ok()?.parse().ok(),
            _ => None,
        }
    }

    /// Where it is, as its JSON file says.
    pub fn running(&self) -> Option<Running> {
        let text = fs::read(self.file("json")).ok()?;
        serde_json::from_slice(&text).ok()
    }

    /// Writes down where it is, in one piece.
    pub fn remember(&self, running: &Running) -> Result<()> {
        self.put("json", &serde_json::to_string(running)?)
    }

    /// Why the last one ended, if it did so by itself.
    pub fn ended(&self) -> Option<String> {
        fs::read_to_string(self.file("ended")).ok()
    }

    /// Notes that it has ended by itself: its address is forgotten, and the reason is kept.
    pub fn has_ended(&self, why: &str) -> Result<()> {
        self.put("ended", why)?;
        self.remove("json")
    }

    /// Nothing runs, and nothing went wrong.
    pub fn forget(&self) -> Result<()> {
        self.remove("json")?;
        self.remove("ended")
    }

    /// The file of this server that ends so.
    fn file(&self, ending: &str) -> PathBuf {
        self.dir.join(format!("{}.{ending}", self.kind.word()))
    }

    fn put(&self, ending: &str, text: &str) -> Result<()> {
        let part = self.file(&format!("{ending}.part"));
        let path = self.file(ending);
        fs::write(&part, text)
            .and_then(|()| fs::rename(&part, &path))
            .with_context(|| format!("cannot write {}", path.display()))
    }

    fn remove(&self, ending: &str) -> Result<()> {
        let path = self.file(ending);
        match fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                Err(error).with_context(|| format!("cannot remove {}", path.display()))
            }
            _ => Ok(()),
        }
    }
}

/// The workbook around the current folder, else the one this was built in.
fn root() -> PathBuf {
    let is_course = |dir: &&Path| dir.join("lessons").is_dir() && dir.join("Cargo.toml").is_file();
    let here = std::env::current_dir().unwrap_or_default();
    match here.ancestors().find(is_course) {
        Some(course) => course.to_owned(),
        None => Path::new(env!("CARGO_MANIFEST_DIR")).join("../.."),
    }
}
