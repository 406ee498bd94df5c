//! This program started again as a process of its own: a demo needs a second process because only a process
//! can be killed or paused. It never outlives this one, however this one ends.
//!
//! ```no_run
//! # async fn f() -> anyhow::Result<()> {
//! use stage::child::{Ask, PATIENCE, Spawn};
//!
//! let server = Spawn::this_program(["server", "--addr", "127.0.0.1:0"])?
//!     .until_stdin_ends("--until-stdin-ends")
//!     .heard(|line| println!("server: {}", line.text))
//!     .start()?;
//! let addr = server.listening().await?;
//! server.pause()?;
//! server.resume()?;
//! server.ask_to_end(Ask::Terminate, PATIENCE).await?;
//! # Ok(()) }
//! ```

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::process::{Child as Process, ChildStdin, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, bail, ensure};
use testkit::Guarded;
use tokio::sync::watch;
use tokio::time::{sleep, timeout};

use crate::{lock, story};

/// The time that a process may take to start or to end. It takes milliseconds; a busy machine,
/// more.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// What a server prints before its address when it is ready.
const LISTENING: &str = "listening on ";

/// One line that a process has printed.
#[derive(Clone, Debug)]
pub struct Line {
    /// When it was read here, in microseconds of [`story::now`].
    pub micros: u128,
    /// Whether it came from the standard error.
    pub error: bool,
    /// The line without its end.
    pub text: String,
}

type Heard = Arc<dyn Fn(&Line) + Send + Sync>;

/// The settings of a process to start.
pub struct Spawn {
    command: Command,
    name: String,
    flag: Option<String>,
    noted: Vec<String>,
    heard: Option<Heard>,
}

impl Spawn {
    /// This program, with these arguments.
    ///
    /// # Errors
    /// If the system does not tell which program this is.
    pub fn this_program<A: AsRef<OsStr>>(
        args: impl IntoIterator<Item = A>,
    ) -> anyhow::Result<Self> {
        let program = std::env::current_exe().context("which program this is")?;
        Ok(Spawn::program(&program, args))
    }

    /// Any program, with these arguments.
    pub fn program<A: AsRef<OsStr>>(program: &Path, args: impl IntoIterator<Item = A>) -> Self {
        let mut command = Command::new(program);
        command.args(args).stdout(Stdio::piped());
        Spawn {
            command,
            name: "the server".to_string(),
            flag: None,
            noted: vec![LISTENING.to_string()],
            heard: None,
        }
    }

    /// More arguments.
    pub fn args<A: AsRef<OsStr>>(mut self, args: impl IntoIterator<Item = A>) -> Self {
        self.command.args(args);
        self
    }

    /// A variable of its environment.
    pub fn env(mut self, name: &str, value: &str) -> Self {
        self.command.env(name, value);
        self
    }

    /// Sets the name in error messages; "the server" without this.
    pub fn name(mut self, name: &str) -> Self {
        self.name = name.to_string();
        self
    }

    /// The program has an option that makes it end with its standard input: the option is added, and the
    /// input is held open, for [`Child::order`], until this process ends. Without this call the process has
    /// no input, and `testkit::Guarded` ends it with this one: a second process (`sh`) watches over it.
    pub fn until_stdin_ends(mut self, flag: &str) -> Self {
        self.flag = Some(flag.to_string());
        self
    }

    /// Holds its standard input open, for a program that ends with its input without an option.
    pub fn with_stdin(self) -> Self {
        self.until_stdin_ends("")
    }

    /// Takes note of lines that begin with this text; see [`Child::said`]. `listening on ` is noted always.
    pub fn note(mut self, beginning: &str) -> Self {
        self.noted.push(beginning.to_string());
        self
    }

    /// Calls this for each line, the noted ones included, on a thread of its own. Without it the lines that
    /// are not noted wait for [`Child::lines`] and [`Child::next_line`].
    pub fn heard(mut self, heard: impl Fn(&Line) + Send + Sync + 'static) -> Self {
        self.heard = Some(Arc::new(heard));
        self
    }

    /// Reads its standard error as well. Without this it goes where that of this process goes.
    pub fn errors_too(mut self) -> Self {
        self.command.stderr(Stdio::piped());
        self
    }

    /// Throws its standard error away.
    pub fn no_errors(mut self) -> Self {
        self.command.stderr(Stdio::null());
        self
    }

    /// Starts it, in a process group of its own: Ctrl-C in this terminal is for this process, which then
    /// ends the others in its own order. Does not wait for anything.
    ///
    /// # Errors
    /// If the system cannot start it.
    pub fn start(mut self) -> anyhow::Result<Child> {
        let cannot = "start this program a second time";
        let mut stdin = None;
        let mut running = if let Some(flag) = &self.flag {
            if !flag.is_empty() {
                self.command.arg(flag);
            }
            #[cfg(unix)]
            std::os::unix::process::CommandExt::process_group(&mut self.command, 0);
            let mut process = self.command.stdin(Stdio::piped()).spawn().context(cannot)?;
            stdin = process.stdin.take();
            Running::Held(process, None)
        } else {
            Running::Guarded(Guarded::start(&mut self.command, None).context(cannot)?)
        };
        let out = running.process().stdout.take().context("its output")?;
        let errors = running.process().stderr.take();
        let (queue, lines) = mpsc::channel();
        let (mut noting, mut said) = (Vec::new(), BTreeMap::new());
        for beginning in self.noted {
            let (sender, receiver) = watch::channel(Said::default());
            noting.push((beginning.clone(), sender));
            said.insert(beginning, receiver);
        }
        if let Some(errors) = errors {
            let (queue, heard) = (queue.clone(), self.heard.clone());
            thread::spawn(move || each_line(errors, true, |line| pass_on(&queue, &heard, line)));
        }
        let heard = self.heard;
        // The notes end with this thread, and that with the output of the process.
        thread::spawn(move || {
            each_line(out, false, |line| {
                let known = noting.iter().find_map(|(beginning, sender)| {
                    Some((
                        sender,
                        line.text.strip_prefix(beginning.as_str())?.to_string(),
                    ))
                });
                let Some((sender, rest)) = known else {
                    return pass_on(&queue, &heard, line);
                };
                if let Some(heard) = &heard {
                    heard(&line);
                }
                sender.send_modify(|said| {
                    said.times += 1;
                    said.rest = rest;
                });
            });
        });
        Ok(Child {
            name: self.name,
            running: Mutex::new(running),
            stdin: Mutex::new(stdin),
            lines: Mutex::new(lines),
            said,
        })
    }
}

fn each_line(from: impl Read, error: bool, mut each: impl FnMut(Line)) {
    for text in BufReader::new(from).lines().map_while(Result::ok) {
        each(Line {
            micros: story::now(),
            error,
            text,
        });
    }
}

fn pass_on(queue: &mpsc::Sender<Line>, heard: &Option<Heard>, line: Line) {
    match heard {
        Some(heard) => heard(&line),
        // The child may have been dropped; its last lines are dropped.
        None => drop(queue.send(line)),
    }
}

/// The number of times that a noted line has come.
#[derive(Clone, Debug, Default)]
pub struct Said {
    /// How often.
    pub times: u64,
    /// What stood behind its beginning the last time.
    pub rest: String,
}

/// The signal that asks a process to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ask {
    /// SIGINT, as Ctrl-C.
    Interrupt,
    /// SIGTERM, as a service manager.
    Terminate,
    /// The end of its standard input, on every system.
    EndOfStdin,
}

/// A running process. It is killed with this value, paused or not.
pub struct Child {
    name: String,
    running: Mutex<Running>,
    stdin: Mutex<Option<ChildStdin>>,
    lines: Mutex<mpsc::Receiver<Line>>,
    said: BTreeMap<String, watch::Receiver<Said>>,
}

enum Running {
    /// Ends by itself when its standard input does.
    Held(Process, Option<ExitStatus>),
    Guarded(Guarded),
}

impl Running {
    fn process(&mut self) -> &mut Process {
        match self {
            Running::Held(process, _) => process,
            Running::Guarded(guarded) => guarded.child(),
        }
    }

    fn ended(&mut self) -> Option<ExitStatus> {
        match self {
            Running::Held(process, ended) => {
                *ended = ended.or_else(|| process.try_wait().ok().flatten());
                *ended
            }
            Running::Guarded(guarded) => guarded.ended(),
        }
    }

    /// SIGKILL, and waits until the system has cleaned up.
    fn kill(&mut self) {
        match self {
            Running::Held(process, ended) if ended.is_none() => {
                let _ = process.kill();
                *ended = process.wait().ok();
            }
            Running::Held(..) => {}
            Running::Guarded(guarded) => guarded.kill(),
        }
    }
}

impl Child {
    /// Returns the name in error messages.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The number of its process.
    pub fn id(&self) -> u32 {
        lock(&self.running).process().id()
    }

    /// Waits until it has printed `listening on ADDR`, and returns the address.
    ///
    /// # Errors
    /// If it ends before, prints something else there, or takes longer than [`PATIENCE`].
    pub async fn listening(&self) -> anyhow::Result<SocketAddr> {
        self.address(&self.said(LISTENING).await?)
    }

    /// [`Child::listening`] that blocks the thread.
    ///
    /// # Errors
    /// As for [`Child::listening`].
    pub fn listening_blocking(&self) -> anyhow::Result<SocketAddr> {
        self.address(&self.said_blocking(LISTENING)?)
    }

    fn address(&self, text: &str) -> anyhow::Result<SocketAddr> {
        let what = || format!("{} listens on `{text}`, which is not an address", self.name);
        text.parse().with_context(what)
    }

    /// Waits for a line that begins so, and returns what follows. If it has come before, returns the
    /// latest at once.
    ///
    /// # Errors
    /// If the process ends its output before, or takes longer than [`PATIENCE`].
    ///
    /// # Panics
    /// If the beginning was not announced with [`Spawn::note`].
    pub async fn said(&self, beginning: &str) -> anyhow::Result<String> {
        let mut said = self.notes(beginning);
        let come = timeout(PATIENCE, said.wait_for(|said| said.times > 0)).await;
        let come = come.map(|said| said.map(|said| said.rest.clone()));
        self.came(beginning, come.ok().map(Result::ok))
    }

    /// [`Child::said`] that blocks the thread.
    ///
    /// # Errors
    /// As for [`Child::said`].
    ///
    /// # Panics
    /// As for [`Child::said`].
    pub fn said_blocking(&self, beginning: &str) -> anyhow::Result<String> {
        let (said, since) = (self.notes(beginning), Instant::now());
        while since.elapsed() < PATIENCE {
            // In this order: the last line may come just before the end.
            let over = said.has_changed().is_err();
            let latest = said.borrow().clone();
            if latest.times > 0 || over {
                let rest = (latest.times > 0).then_some(latest.rest);
                return self.came(beginning, Some(rest));
            }
            thread::sleep(Duration::from_millis(1));
        }
        self.came(beginning, None)
    }

    /// `None`: the time is over. `Some(None)`: its output is.
    fn came(&self, beginning: &str, come: Option<Option<String>>) -> anyhow::Result<String> {
        let (name, beginning) = (&self.name, beginning.trim_end());
        let come = come.with_context(|| format!("{name} has not said `{beginning}` in time"))?;
        come.with_context(|| format!("{name} ended before it said `{beginning}`"))
    }

    /// Returns a watch of how often a noted line has come.
    ///
    /// # Panics
    /// If the beginning was not announced with [`Spawn::note`].
    pub fn notes(&self, beginning: &str) -> watch::Receiver<Said> {
        let said = self.said.get(beginning);
        said.expect("announced with Spawn::note").clone()
    }

    /// Takes the lines that have come since the last time, without waiting. Noted lines are not among them.
    pub fn lines(&self) -> Vec<Line> {
        lock(&self.lines).try_iter().collect()
    }

    /// The next line that is not noted; `None` if none comes in this time, or none can come any more. Blocks
    /// the thread.
    pub fn next_line(&self, patience: Duration) -> Option<Line> {
        lock(&self.lines).recv_timeout(patience).ok()
    }

    /// [`Child::next_line`] in a task.
    pub async fn line(&self, patience: Duration) -> Option<Line> {
        let since = Instant::now();
        loop {
            let next = lock(&self.lines).try_recv();
            match next {
                Ok(line) => return Some(line),
                Err(mpsc::TryRecvError::Empty) if since.elapsed() < patience => {
                    sleep(Duration::from_millis(1)).await;
                }
                Err(_) => return None,
            }
        }
    }

    /// Writes a line to its standard input.
    ///
    /// # Errors
    /// If the input was not held open, or the process has ended.
    pub fn order(&self, line: &str) -> anyhow::Result<()> {
        let mut stdin = lock(&self.stdin);
        let stdin = stdin.as_mut();
        let stdin = stdin.with_context(|| format!("{} takes no orders", self.name))?;
        Ok(writeln!(stdin, "{line}")?)
    }

    /// SIGSTOP: it stands still in the middle of whatever it does. Its connections stay, and the system
    /// goes on taking bytes for it.
    ///
    /// # Errors
    /// If it has ended, or there is no `kill` on the PATH.
    pub fn pause(&self) -> anyhow::Result<()> {
        self.signal("STOP")
    }

    /// SIGCONT: it goes on where it stood.
    ///
    /// # Errors
    /// As for [`Child::pause`].
    pub fn resume(&self) -> anyhow::Result<()> {
        self.signal("CONT")
    }

    /// Sends a signal by its name, such as `TERM`. By the system's own program, because the standard
    /// library knows only SIGKILL.
    ///
    /// # Errors
    /// If it has ended, or there is no `kill` on the PATH.
    pub fn signal(&self, name: &str) -> anyhow::Result<()> {
        ensure!(cfg!(unix), "only Unix has the signal {name}");
        // Under the lock: nothing else may reap it, so its number is still its own.
        let mut running = lock(&self.running);
        ensure!(
            running.ended().is_none(),
            "{} has ended by itself",
            self.name
        );
        let mut kill = Command::new("kill");
        let kill = kill.args(["-s", name, &running.process().id().to_string()]);
        let sent = kill.status().context("`kill` is not on the PATH")?;
        ensure!(sent.success(), "{} has ended by itself", self.name);
        Ok(())
    }

    /// Kills it (SIGKILL): not one more line of it runs. Returns the moment, after the system has closed
    /// its connections.
    pub fn kill(&self) -> Instant {
        lock(&self.running).kill();
        Instant::now()
    }

    /// Returns the exit status, if the process has ended.
    pub fn ended(&self) -> Option<ExitStatus> {
        lock(&self.running).ended()
    }

    /// Asks it to end. [`Child::ended`] tells when it has.
    ///
    /// # Errors
    /// If the signal cannot be sent, or its standard input was not held open.
    pub fn ask(&self, how: Ask) -> anyhow::Result<()> {
        match how {
            Ask::Interrupt => self.signal("INT"),
            Ask::Terminate => self.signal("TERM"),
            Ask::EndOfStdin => {
                let stdin = lock(&self.stdin).take();
                ensure!(stdin.is_some(), "{} has no standard input", self.name);
                Ok(())
            }
        }
    }

    /// Asks it to end and waits until it has. Returns its exit status and how long it took.
    ///
    /// # Errors
    /// If it cannot be asked, or still runs after this time.
    pub async fn ask_to_end(
        &self,
        how: Ask,
        patience: Duration,
    ) -> anyhow::Result<(ExitStatus, Duration)> {
        let since = Instant::now();
        self.ask(how)?;
        while since.elapsed() < patience {
            if let Some(status) = self.ended() {
                return Ok((status, since.elapsed()));
            }
            sleep(Duration::from_millis(2)).await;
        }
        bail!("{} was asked to end, and still runs", self.name)
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        // SIGKILL ends a process that is paused as well.
        lock(&self.running).kill();
    }
}

/// An address for a process that is started there again and again. Not from port 0: those are the ports
/// that the system gives to connections, and one of them could have it while the process is away.
///
/// # Errors
/// If none of 500 ports is free.
pub fn place() -> anyhow::Result<SocketAddr> {
    use std::hash::{BuildHasher, RandomState};
    let random = RandomState::new().hash_one(0) % 4000;
    let first = 15_000 + u16::try_from(random).unwrap_or(0);
    (first..first + 500)
        .map(|port| SocketAddr::from(([127, 0, 0, 1], port)))
        .find(|addr| TcpListener::bind(addr).is_ok())
        .context("no free port between 15000 and 20000 of 127.0.0.1")
}
