//! The real Redis: found, started on a port of 127.0.0.1, ready before `start` returns, and gone with
//! this process, however that ends. It can be killed and started again; it writes nothing to a disk, so
//! it comes back empty, as a cache does.
//!
//! ```no_run
//! let redis = testkit::redis::Redis::start()?;
//! println!("redis-cli -p {}", redis.addr().port());
//! # Ok::<(), testkit::redis::Trouble>(())
//! ```

use std::fmt;
use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use crate::guarded::Guarded;
use crate::scratch::{self, free_port, last_lines};

/// How long it may take to start. It needs a few milliseconds; a busy machine, more.
const READY: Duration = Duration::from_secs(30);

/// Why there is no Redis.
#[derive(Debug)]
pub enum Trouble {
    /// It is not installed.
    Missing,
    /// It ended instead of serving: its last words.
    Ended(String),
    /// It runs and does not answer: its last words.
    NotReady(String),
    /// The system did not let us start it.
    Io(io::Error),
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Trouble::Missing => write!(
                f,
                "there is no Redis: on Debian and Ubuntu `sudo apt-get install redis-server` brings it; \
                 elsewhere install it so that `redis-server --version` works, or set $REDIS_BIN to it"
            ),
            Trouble::Ended(log) => write!(f, "Redis ended at once. It said:\n{log}"),
            Trouble::NotReady(log) => write!(
                f,
                "Redis runs, but does not answer after {} s. It said:\n{log}",
                READY.as_secs()
            ),
            Trouble::Io(error) => write!(f, "Redis cannot be started: {error}"),
        }
    }
}

impl std::error::Error for Trouble {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Trouble::Io(error) => Some(error),
            _ => None,
        }
    }
}

impl From<io::Error> for Trouble {
    fn from(error: io::Error) -> Self {
        Trouble::Io(error)
    }
}

/// The program: `$REDIS_BIN`, else `redis-server` on the PATH.
#[must_use]
pub fn find() -> Option<PathBuf> {
    if let Some(named) = std::env::var_os("REDIS_BIN").filter(|named| !named.is_empty()) {
        return Some(named.into());
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path)
        .map(|dir| dir.join("redis-server"))
        .find(|program| program.is_file())
}

/// Why lessons 15 and 16 cannot use this one, in words: `SET` with both `NX` and `GET` came with 7.0, and
/// Ubuntu 22.04 has 6.0. `None` if they can, and for whoever calls its version otherwise.
#[must_use]
pub fn too_old(program: &Path) -> Option<String> {
    let said = Command::new(program).arg("--version").output().ok()?;
    let said = String::from_utf8_lossy(&said.stdout);
    let number = said
        .split_whitespace()
        .find_map(|word| word.strip_prefix("v="))?;
    let major: u32 = number.split('.').next()?.parse().ok()?;
    (major < 7).then(|| format!("the real Redis here is {number}, and lessons need 7.0"))
}

/// What a Redis is started with.
#[derive(Debug, Clone, Default)]
pub struct Setup {
    port: Option<u16>,
    arguments: Vec<String>,
}

impl Setup {
    /// An empty one.
    #[must_use]
    pub fn new() -> Self {
        Setup::default()
    }

    /// Listens on this port instead of a free one.
    #[must_use]
    pub fn port(mut self, port: u16) -> Self {
        self.port = Some(port);
        self
    }

    /// One more argument for `redis-server`, as `--maxmemory`; it wins against ours.
    #[must_use]
    pub fn argument(mut self, argument: &str) -> Self {
        self.arguments.push(argument.to_string());
        self
    }

    /// Starts it, and returns when it answers.
    ///
    /// # Errors
    /// If it is missing, ends, or does not answer in time.
    pub fn start(&self) -> Result<Redis, Trouble> {
        let attempt = || {
            let mut redis = Redis {
                program: find().ok_or(Trouble::Missing)?,
                port: self.port.map_or_else(free_port, Ok)?,
                arguments: self.arguments.clone(),
                folder: scratch::folder("redis")?,
                process: None,
                past: Vec::new(),
            };
            redis.start_again()?;
            Ok(redis)
        };
        // Somebody can take a free port before Redis does.
        for _ in 0..4 {
            match attempt() {
                Err(Trouble::Ended(log)) if log.contains("Address already in use") => (),
                other => return other,
            }
        }
        attempt()
    }
}

/// A Redis. It ends when this is dropped.
pub struct Redis {
    program: PathBuf,
    port: u16,
    arguments: Vec<String>,
    folder: PathBuf,
    process: Option<Guarded>,
    /// Kept to the end: the guard of the first one looks after the folder.
    past: Vec<Guarded>,
}

impl Redis {
    /// An empty one on a free port.
    ///
    /// # Errors
    /// See [`Setup::start`].
    pub fn start() -> Result<Self, Trouble> {
        Setup::new().start()
    }

    /// Starts it again after [`kill`](Self::kill), on the same port and empty, and waits until it
    /// answers.
    ///
    /// # Errors
    /// As [`start`](Self::start).
    pub fn start_again(&mut self) -> Result<(), Trouble> {
        self.kill();
        let log = std::fs::OpenOptions::new()
            .create(true)
            .append(true)
            .open(self.folder.join("log"))?;
        let mut command = Command::new(&self.program);
        command.args(["--bind", "127.0.0.1", "--port", &self.port.to_string()]);
        // Nothing on a disk: no snapshot, no log of commands.
        command.args(["--save", "", "--appendonly", "no"]);
        command.arg("--dir").arg(&self.folder);
        command.args(&self.arguments);
        command.stdout(log.try_clone()?).stderr(log);
        self.past.extend(self.process.take());
        let scratch = self.past.is_empty().then_some(self.folder.as_path());
        self.process = Some(Guarded::start(&mut command, scratch)?);
        self.wait_until_ready()
    }

    /// Ends it as a crash would, and all that it has kept is gone.
    pub fn kill(&mut self) {
        if let Some(process) = &mut self.process {
            process.kill();
        }
    }

    /// Whether it still runs; a crash is noticed here.
    pub fn is_running(&mut self) -> bool {
        let process = self.process.as_mut();
        process.is_some_and(|process| process.ended().is_none())
    }

    /// Where it listens.
    #[must_use]
    pub fn addr(&self) -> SocketAddr {
        (Ipv4Addr::LOCALHOST, self.port).into()
    }

    /// The number of its process; 0 if it was never started.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.process.as_ref().map_or(0, Guarded::id)
    }

    /// What it has logged.
    #[must_use]
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.folder.join("log")).unwrap_or_default()
    }

    fn wait_until_ready(&mut self) -> Result<(), Trouble> {
        let since = Instant::now();
        while since.elapsed() < READY {
            if !self.is_running() {
                return Err(Trouble::Ended(last_lines(&self.log())));
            }
            match ping(self.addr()) {
                Ok(true) => return Ok(()),
                _ => thread::sleep(Duration::from_millis(10)),
            }
        }
        Err(Trouble::NotReady(last_lines(&self.log())))
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        self.process = None;
        self.past.clear();
        // Gone already, if it ever ran: its guard looks after it.
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

/// Whether somebody there answers as Redis does.
fn ping(addr: SocketAddr) -> io::Result<bool> {
    let mut stream = TcpStream::connect(addr)?;
    stream.set_read_timeout(Some(Duration::from_secs(5)))?;
    stream.write_all(b"PING\r\n")?;
    let mut answer = [0; 7];
    stream.read_exact(&mut answer)?;
    Ok(answer == *b"+PONG\r\n")
}
