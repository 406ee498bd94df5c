//! The real etcd: found, started on ports of 127.0.0.1, ready before `start` returns, and gone with
//! this process, however that ends. One can be ended and started again, with what it has kept.
//!
//! ```no_run
//! let etcd = testkit::etcd::Etcd::start()?;
//! println!("its API is at {}", etcd.addr());
//! # Ok::<(), testkit::etcd::Trouble>(())
//! ```

use std::fmt;
use std::fs::OpenOptions;
use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus};
use std::thread;
use std::time::{Duration, Instant};

use crate::guarded::Guarded;
use crate::scratch::{self, free_port, last_lines};

/// How long an etcd may take to elect itself. It needs about two seconds; a busy machine, more.
const READY: Duration = Duration::from_secs(60);

/// Why there is no etcd.
#[derive(Debug)]
pub enum Trouble {
    /// It is not installed.
    Missing,
    /// It ended instead of serving: its last words.
    Ended(String),
    /// It runs and is not healthy after a long time: its last words.
    NotReady(String),
    /// The system did not let us start it.
    Io(io::Error),
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Trouble::Missing => write!(
                f,
                "there is no etcd: on Debian and Ubuntu `sudo apt-get install etcd-server \
                 etcd-client` brings it; elsewhere install it so that `etcd --version` works, or \
                 set $ETCD_BIN to it"
            ),
            Trouble::Ended(log) => write!(f, "etcd ended at once. It said:\n{log}"),
            Trouble::NotReady(log) => write!(
                f,
                "etcd runs, but is not healthy after {} s. It said:\n{log}",
                READY.as_secs()
            ),
            Trouble::Io(error) => write!(f, "etcd cannot be started: {error}"),
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

/// The program: `$ETCD_BIN`, else `etcd` on the PATH.
#[must_use]
pub fn find() -> Option<PathBuf> {
    if let Some(named) = std::env::var_os("ETCD_BIN").filter(|named| !named.is_empty()) {
        return Some(named.into());
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path)
        .map(|dir| dir.join("etcd"))
        .find(|program| program.is_file())
}

/// One member: what it is called and where it listens, both on 127.0.0.1.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// Its name in the cluster.
    pub name: String,
    /// The port for clients: 2379 where nothing else is said.
    pub client: u16,
    /// The port for the other members: 2380.
    pub peer: u16,
}

impl Member {
    /// One on free ports.
    ///
    /// # Errors
    /// If there are none.
    pub fn new(name: &str) -> io::Result<Self> {
        Ok(Member {
            name: name.to_owned(),
            client: free_port()?,
            peer: free_port()?,
        })
    }

    fn peer_url(&self) -> String {
        format!("http://127.0.0.1:{}", self.peer)
    }
}

/// An etcd. It ends when this is dropped, and what it has kept goes with it.
pub struct Etcd {
    program: PathBuf,
    member: Member,
    /// All members as `--initial-cluster` wants them.
    cluster: String,
    folder: PathBuf,
    process: Option<Guarded>,
    /// Kept to the end: the guard of the first one looks after the folder.
    past: Vec<Guarded>,
}

impl Etcd {
    /// An etcd alone, on free ports, with nothing in it.
    ///
    /// # Errors
    /// If it is missing, ends, or is not ready within a minute.
    pub fn start() -> Result<Self, Trouble> {
        let attempt = || {
            let one = Member::new("workbook")?;
            let mut etcd = Etcd::of(std::slice::from_ref(&one), 0)?;
            etcd.run()?;
            etcd.wait_until_ready()?;
            Ok(etcd)
        };
        again(attempt)
    }

    /// Three that are one cluster, on free ports: `etcd01`, `etcd02` and `etcd03`.
    ///
    /// # Errors
    /// As [`start`](Self::start).
    pub fn cluster() -> Result<[Self; 3], Trouble> {
        let attempt = || {
            let names = ["etcd01", "etcd02", "etcd03"];
            let members: Vec<Member> = names
                .into_iter()
                .map(Member::new)
                .collect::<Result<_, _>>()?;
            let mut all = [0, 1, 2].map(|place| Etcd::of(&members, place));
            // None is ready before two of them run.
            for etcd in all.iter_mut().flatten() {
                etcd.run()?;
            }
            let [one, two, three] = all;
            let mut all = [one?, two?, three?];
            for etcd in &mut all {
                etcd.wait_until_ready()?;
            }
            Ok(all)
        };
        again(attempt)
    }

    /// The member at `place` of a cluster of `members`. It does not run yet.
    ///
    /// # Errors
    /// If there is no etcd, or no room for its folder.
    ///
    /// # Panics
    /// If there is no such place.
    pub fn of(members: &[Member], place: usize) -> Result<Self, Trouble> {
        let all = members.iter();
        let all = all.map(|member| format!("{}={}", member.name, member.peer_url()));
        Ok(Etcd {
            program: find().ok_or(Trouble::Missing)?,
            member: members[place].clone(),
            cluster: all.collect::<Vec<_>>().join(","),
            folder: scratch::folder("etcd")?,
            process: None,
            past: Vec::new(),
        })
    }

    /// Starts its process, with what it has kept if it ran before, and does not wait for it.
    ///
    /// # Errors
    /// If that is impossible.
    pub fn run(&mut self) -> io::Result<()> {
        self.kill();
        let client = format!("http://127.0.0.1:{}", self.member.client);
        let peer = self.member.peer_url();
        let log = OpenOptions::new()
            .create(true)
            .append(true)
            .open(self.log_file())?;
        let mut command = Command::new(&self.program);
        // Its own variables could send it anywhere.
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("ETCD_") {
                command.env_remove(name);
            }
        }
        command.args(["--name", &self.member.name]);
        command.arg("--data-dir").arg(self.folder.join("data"));
        command.args(["--listen-client-urls", &client]);
        command.args(["--advertise-client-urls", &client]);
        command.args(["--listen-peer-urls", &peer]);
        command.args(["--initial-advertise-peer-urls", &peer]);
        command.args(["--initial-cluster", &self.cluster]);
        command.args(["--initial-cluster-state", "new"]);
        // The log for people is gone in 3.5; 3.4 calls it deprecated in every first line.
        command.args(["--logger", "zap", "--log-outputs", "stderr"]);
        command.stdout(log.try_clone()?).stderr(log);
        self.past.extend(self.process.take());
        let scratch = self.past.is_empty().then_some(self.folder.as_path());
        self.process = Some(Guarded::start(&mut command, scratch)?);
        Ok(())
    }

    /// Starts it again after [`kill`](Self::kill), and waits until it answers. A member of a cluster
    /// answers only while most of them run.
    ///
    /// # Errors
    /// As [`start`](Self::start).
    pub fn start_again(&mut self) -> Result<(), Trouble> {
        self.run()?;
        self.wait_until_ready()
    }

    /// Ends it as a crash would. What it has written is kept. [`has_ended`](Self::has_ended) tells
    /// that it is gone.
    pub fn kill(&mut self) {
        if let Some(process) = &mut self.process {
            process.kill();
        }
    }

    /// Forgets all that it has kept; only while it does not run.
    ///
    /// # Errors
    /// If that is impossible.
    pub fn wipe(&mut self) -> io::Result<()> {
        std::fs::remove_dir_all(self.folder.join("data"))
    }

    /// Whether its process runs.
    #[must_use]
    pub fn runs(&self) -> bool {
        self.process.is_some()
    }

    /// How its process has ended; told once.
    pub fn has_ended(&mut self) -> Option<ExitStatus> {
        let status = self.process.as_mut()?.ended()?;
        self.past.extend(self.process.take());
        Some(status)
    }

    /// The number of its process; 0 if it does not run.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.process.as_ref().map_or(0, Guarded::id)
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.member.name
    }

    /// Where clients reach it.
    #[must_use]
    pub fn addr(&self) -> SocketAddr {
        (Ipv4Addr::LOCALHOST, self.member.client).into()
    }

    /// Which program it is.
    #[must_use]
    pub fn program(&self) -> &Path {
        &self.program
    }

    /// What it has logged.
    #[must_use]
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.log_file()).unwrap_or_default()
    }

    /// The end of that.
    #[must_use]
    pub fn last_words(&self) -> String {
        last_lines(&self.log())
    }

    fn log_file(&self) -> PathBuf {
        self.folder.join("log")
    }

    fn wait_until_ready(&mut self) -> Result<(), Trouble> {
        let since = Instant::now();
        while since.elapsed() < READY {
            if self.has_ended().is_some() || !self.runs() {
                return Err(Trouble::Ended(self.last_words()));
            }
            // It is healthy when it has written something, which takes a leader.
            match get(self.addr(), "/health") {
                Ok(answer) if answer.contains(r#""health":"true""#) => return Ok(()),
                _ => thread::sleep(Duration::from_millis(50)),
            }
        }
        Err(Trouble::NotReady(self.last_words()))
    }
}

impl Drop for Etcd {
    fn drop(&mut self) {
        self.process = None;
        self.past.clear();
        // Gone already, if it ever ran: its guard looks after it.
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

/// Somebody can take a free port before etcd does.
fn again<T>(attempt: impl Fn() -> Result<T, Trouble>) -> Result<T, Trouble> {
    for _ in 0..4 {
        match attempt() {
            Err(Trouble::Ended(log)) if log.contains("address already in use") => (),
            other => return other,
        }
    }
    attempt()
}

fn get(addr: SocketAddr, path: &str) -> io::Result<String> {
    let mut stream = TcpStream::connect(addr)?;
    stream.set_read_timeout(Some(Duration::from_secs(5)))?;
    // 1.0: the answer ends with the connection, and nothing is left to take apart.
    write!(stream, "GET {path} HTTP/1.0\r\n\r\n")?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    Ok(answer)
}
