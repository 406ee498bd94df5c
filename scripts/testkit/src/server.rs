//! A real server as a process: found, started in a folder of its own with its output in a log, watched
//! until it is ready, killed and started again. What differs between Consul, etcd and Redis is in their
//! own files.

use std::fmt;
use std::fs::OpenOptions;
use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus};
use std::thread;
use std::time::{Duration, Instant};

use crate::guarded::Guarded;
use crate::scratch;

/// A kind of server: how it is found and started.
#[derive(Debug)]
pub struct Kind {
    /// What people call it, and its folders in small letters: `Redis`.
    pub name: &'static str,
    /// The variable that names another program than the one on the PATH: `REDIS_BIN`.
    pub variable: &'static str,
    /// The program on the PATH: `redis-server`.
    pub program: &'static str,
    /// Where `scripts/test` puts it below this repository; empty if it gets none.
    pub tool: &'static str,
    /// What to do where there is none.
    pub advice: &'static str,
    /// What one that runs has not done when the time is over: `does not answer`.
    pub unready: &'static str,
    /// How long one may take to be ready.
    pub patience: Duration,
}

impl Kind {
    /// The program: the one that the variable names, else the one that `scripts/test` got, else the one
    /// on the PATH.
    pub fn find(&self) -> Option<PathBuf> {
        let named = std::env::var_os(self.variable);
        if let Some(named) = named.filter(|named| !named.is_empty()) {
            return Some(named.into());
        }
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        // A copy of the course, in which answers are judged, lies in the course's own target directory.
        let root = root.canonicalize().unwrap_or(root);
        let tool = root.ancestors().map(|folder| folder.join(self.tool));
        let path = std::env::var_os("PATH").unwrap_or_default();
        let on_path = std::env::split_paths(&path).map(|folder| folder.join(self.program));
        tool.chain(on_path).find(|it| it.is_file())
    }

    /// That there is none, and what to do.
    pub fn missing(&'static self) -> Trouble {
        Trouble::Missing(self)
    }
}

/// Why a server does not run.
#[derive(Debug)]
pub enum Trouble {
    /// It is not installed.
    Missing(&'static Kind),
    /// It ended instead of serving: its last words.
    Ended(&'static Kind, String),
    /// It runs and is not ready after a long time: its last words.
    NotReady(&'static Kind, String),
    /// The system did not let us start it.
    Io(io::Error),
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Trouble::Missing(Kind { name, advice, .. }) => {
                write!(f, "there is no {name}: {advice}")
            }
            Trouble::Ended(kind, log) => write!(f, "{} ended at once. It said:\n{log}", kind.name),
            Trouble::NotReady(kind, log) => {
                let (name, unready, time) = (kind.name, kind.unready, kind.patience.as_secs());
                write!(
                    f,
                    "{name} runs, but {unready} after {time} s. It said:\n{log}"
                )
            }
            Trouble::Io(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for Trouble {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Trouble::Io(error) => error.source(),
            _ => None,
        }
    }
}

impl From<io::Error> for Trouble {
    fn from(error: io::Error) -> Self {
        Trouble::Io(error)
    }
}

/// One server: its program and its folder, and its process while it runs. Process and folder go with this
/// value, and with this process, however that ends.
pub struct Server {
    kind: &'static Kind,
    folder: PathBuf,
    process: Option<Guarded>,
    /// Kept to the end: the guard of the first one looks after the folder.
    past: Vec<Guarded>,
}

impl Server {
    /// One with a new folder. It does not run yet.
    ///
    /// # Errors
    /// If the folder cannot be made.
    pub fn new(kind: &'static Kind) -> io::Result<Self> {
        Ok(Server {
            kind,
            folder: scratch::folder(&kind.name.to_ascii_lowercase())?,
            process: None,
            past: Vec::new(),
        })
    }

    /// Returns the folder of its data. Its log lies there as well.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Ends its process, if it runs, and starts this command as the next one. What both say stands in the
    /// log. Does not wait.
    ///
    /// # Errors
    /// If the program cannot be started.
    pub fn run(&mut self, command: &mut Command) -> io::Result<()> {
        self.kill();
        let log = OpenOptions::new()
            .create(true)
            .append(true)
            .open(self.log_file())?;
        command.stdout(log.try_clone()?).stderr(log);
        self.past.extend(self.process.take());
        let folder = self.past.is_empty().then_some(self.folder.as_path());
        let started = Guarded::start(command, folder).map_err(|error| {
            let words = format!("{} cannot be started: {error}", self.kind.name);
            io::Error::new(error.kind(), words)
        });
        self.process = Some(started?);
        Ok(())
    }

    /// Asks `ready` every 20 ms until it is true.
    ///
    /// # Errors
    /// If the process ends, or the time of its [`Kind`] is over.
    pub fn wait(&mut self, ready: impl Fn() -> bool) -> Result<(), Trouble> {
        let since = Instant::now();
        while since.elapsed() < self.kind.patience {
            if !self.is_running() {
                return Err(Trouble::Ended(self.kind, self.last_words()));
            }
            if ready() {
                return Ok(());
            }
            thread::sleep(Duration::from_millis(20));
        }
        Err(Trouble::NotReady(self.kind, self.last_words()))
    }

    /// Ends it as a crash would. [`has_ended`](Self::has_ended) tells that it is gone.
    pub fn kill(&mut self) {
        if let Some(process) = &mut self.process {
            process.kill();
        }
    }

    /// Returns whether its process runs; a crash is noticed here.
    pub fn is_running(&mut self) -> bool {
        let process = self.process.as_mut();
        process.is_some_and(|process| process.ended().is_none())
    }

    /// Returns whether it was started and its end was not told by [`has_ended`](Self::has_ended).
    pub fn runs(&self) -> bool {
        self.process.is_some()
    }

    /// Returns the exit status of its process, once.
    pub fn has_ended(&mut self) -> Option<ExitStatus> {
        let status = self.process.as_mut()?.ended()?;
        self.past.extend(self.process.take());
        Some(status)
    }

    /// The number of its process; 0 if it does not run.
    pub fn id(&self) -> u32 {
        self.process.as_ref().map_or(0, Guarded::id)
    }

    /// Returns its log.
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.log_file()).unwrap_or_default()
    }

    /// The last 15 lines of that.
    pub fn last_words(&self) -> String {
        let log = self.log();
        let lines: Vec<&str> = log.lines().collect();
        lines[lines.len().saturating_sub(15)..].join("\n")
    }

    fn log_file(&self) -> PathBuf {
        self.folder.join("log")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.process = None;
        self.past.clear();
        // Gone already, if it ever ran: its guard looks after it.
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

/// Makes up to five attempts: another program can take a free port before the server does.
pub(crate) fn again<T>(attempt: impl Fn() -> Result<T, Trouble>) -> Result<T, Trouble> {
    for _ in 0..4 {
        match attempt() {
            Err(Trouble::Ended(_, log))
                if log.to_lowercase().contains("address already in use") => {}
            other => return other,
        }
    }
    attempt()
}

/// `GET`, by hand: this crate has no dependency. The answer with its head, as text.
pub(crate) fn get(addr: SocketAddr, path: &str) -> io::Result<String> {
    let mut stream = TcpStream::connect(addr)?;
    stream.set_read_timeout(Some(Duration::from_secs(5)))?;
    // The answer ends with the connection. Not by 1.0, to which Envoy gives no answer.
    write!(
        stream,
        "GET {path} HTTP/1.1\r\nHost: {addr}\r\nConnection: close\r\n\r\n"
    )?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    Ok(answer)
}

/// Makes a type with a field `server` a [`Server`] with something more: its number, its log, its end.
macro_rules! is_a_server {
    ($kind:ty) => {
        impl std::ops::Deref for $kind {
            type Target = $crate::server::Server;

            fn deref(&self) -> &Self::Target {
                &self.server
            }
        }

        impl std::ops::DerefMut for $kind {
            fn deref_mut(&mut self) -> &mut Self::Target {
                &mut self.server
            }
        }
    };
}

pub(crate) use is_a_server;
