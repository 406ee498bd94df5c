//! What `peer` builds and starts: the lesson's server with the learner's answers in it, and the
//! foreign program. Both run under supervision, so that nothing is left behind however this ends:
//! Ctrl-C ends the runner as it always does, and the supervisors notice.

use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use crate::doctor;
use crate::judge::build::{Place, cargo};
use crate::judge::process::{self, Cancel, Ending, Stream};
use crate::judge::supervise;
use crate::text::without_colours;

/// The server is asked to be ready within this time.
const START: Duration = Duration::from_secs(20);
/// The server may hold so much memory, as a check may.
const MEMORY: u64 = 1 << 30;
/// So much of what a server says is kept.
const REMARKS: usize = 20;

/// Builds the program of `package` with the feature `mine`; `None` if it does not compile, and then
/// the compiler has said why.
///
/// # Errors
/// If cargo cannot be started.
pub fn build_server(place: &Place, package: &str) -> Result<Option<PathBuf>> {
    build_program(place, package, &["--features", &format!("{package}/mine")])
}

/// Builds the program called `name`; `None` if it does not compile, and then the compiler has said
/// why. What cargo is busy with goes to standard error.
///
/// # Errors
/// If cargo cannot be started.
pub fn build_program(place: &Place, name: &str, more: &[&str]) -> Result<Option<PathBuf>> {
    let mut command = cargo(place);
    // --workspace as for checks: `--package` could choose other features and build tokio anew.
    command.args(["build", "--workspace", "--bin", name]);
    command.args(more);
    command.arg("--message-format=json-render-diagnostics");
    let mut program = None;
    let mut said = Vec::new();
    let finished = process::run(
        &command,
        None,
        None,
        &Cancel::default(),
        &mut |stream, line| match stream {
            Stream::Out => program = executable(line).or(program.take()),
            Stream::Err => {
                let plain = without_colours(line);
                let busy = ["Compiling", "Downloading", "Blocking"];
                if busy.iter().any(|word| plain.trim().starts_with(word)) {
                    eprintln!("  {}", plain.trim());
                } else {
                    said.push(line.to_owned());
                }
            }
        },
    )
    .context("cannot start cargo")?;
    match finished.ending {
        Ending::Exited(status) if status.success() => {
            Ok(Some(program.context("cargo named no program")?))
        }
        _ => {
            for line in said {
                eprintln!("{line}");
            }
            Ok(None)
        }
    }
}

/// The program that a message of cargo names.
fn executable(line: &str) -> Option<PathBuf> {
    let message: serde_json::Value = serde_json::from_str(line).ok()?;
    message["executable"].as_str().map(PathBuf::from)
}

/// Builds the Go program in `source`; everything that Go writes goes below `work`.
///
/// # Errors
/// What Go says.
pub fn go_program(source: &Path, work: &Path) -> Result<PathBuf> {
    std::fs::create_dir_all(work).with_context(|| format!("cannot write {}", work.display()))?;
    let program = work
        .join("peer")
        .with_extension(std::env::consts::EXE_EXTENSION);
    let mut build = Command::new(doctor::program("GO", "go"));
    build
        .args(["build", "-o"])
        .arg(&program)
        .arg("main.go")
        .current_dir(source)
        // Nothing but the standard library: no module, no network, no settings of the user.
        .env("GO111MODULE", "off")
        .env("GOFLAGS", "")
        .env("GOENV", "off")
        .env("CGO_ENABLED", "0")
        .env("GOPATH", work.join("path"))
        .env("GOCACHE", work.join("cache"));
    let built = process::run(&build, None, None, &Cancel::default(), &mut |_, _| {});
    let built = built.context("cannot start Go")?;
    match built.ending {
        Ending::Exited(status) if status.success() => Ok(program),
        _ => bail!("Go cannot build {}:\n{}", source.display(), built.err),
    }
}

/// Reads to the end and passes the first lines on.
fn pass_on(from: impl Read, to: &Sender<String>) {
    let lines = BufReader::new(from).split(b'\n').map_while(Result::ok);
    for (number, line) in lines.enumerate() {
        if number < REMARKS * 20 {
            // The reader may have gone already; then nobody waits for this.
            let _ = to.send(String::from_utf8_lossy(&line).into_owned());
        }
    }
}

/// The lesson's server as a supervised process. It ends with this value.
pub struct Server {
    child: Child,
    lines: Receiver<String>,
    addresses: Vec<String>,
}

impl Server {
    /// Starts it on free ports and waits until it listens; `part` hears what it says about each of
    /// its parts.
    ///
    /// # Errors
    /// If it does not start, or does not listen in time.
    pub fn start(program: &Path, mut part: impl FnMut(&str)) -> Result<Self> {
        let mut command = Command::new(program);
        command.args(["mine", "--addr", "127.0.0.1:0"]);
        let mut child =
            supervise::spawn(&command, Some(MEMORY), false).context("cannot start it")?;
        let (sender, lines) = channel();
        let (out, err) = (child.stdout.take(), child.stderr.take());
        let mut server = Self {
            child,
            lines,
            addresses: Vec::new(),
        };
        // Both are read to their ends, or a server that says much would wait for us for ever. What
        // an answer prints is shown like any other remark.
        let other = sender.clone();
        std::thread::spawn(move || out.map(|out| pass_on(out, &sender)));
        std::thread::spawn(move || err.map(|err| pass_on(err, &other)));
        let deadline = Instant::now() + START;
        let mut said = String::new();
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            let Ok(line) = server.lines.recv_timeout(left) else {
                bail!("the server did not start:\n{said}");
            };
            if line.starts_with("listening on ") {
                return Ok(server);
            }
            match line.rsplit_once(", on ") {
                Some((what, address)) => {
                    part(what);
                    server.addresses.push(address.to_owned());
                }
                None => said.push_str(&line),
            }
        }
    }

    /// Where its parts listen, in the order in which it told them.
    pub fn addresses(&self) -> &[String] {
        &self.addresses
    }

    /// Ends it. What it has said since it listened, and how it ended if it had ended by itself.
    pub fn stop(mut self) -> Result<(Vec<String>, Option<ExitStatus>)> {
        // A program that has just crashed is noticed by its supervisor a moment later.
        std::thread::sleep(Duration::from_millis(50));
        let ended = self.child.try_wait()?;
        self.end();
        let mut remarks: Vec<String> = Vec::new();
        while let Ok(line) = self.lines.recv_timeout(Duration::from_millis(200)) {
            // The same remark fifty times says no more than once.
            if remarks.len() < REMARKS && !remarks.contains(&line) {
                remarks.push(line);
            }
        }
        Ok((remarks, ended))
    }

    fn end(&mut self) {
        supervise::end(&mut self.child);
        let _ = self.child.wait();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.end();
    }
}
