//! Ends a command together with everything it started, also when the runner itself is killed.
//!
//! The runner starts itself a second time as a small supervisor between it and the command. The
//! supervisor's standard input is a pipe whose other end only the runner holds: the *lifeline*.
//! It closes when the runner wants the command ended, and the kernel closes it when the runner
//! dies, `kill -9` included.
//!
//! On Linux the supervisor is a *subreaper* (prctl(2), `PR_SET_CHILD_SUBREAPER`): a process whose
//! parent has died becomes its child, so nothing leaves its tree, not by `setsid` and not by a
//! double fork. On other Unix systems it ends the process group of the command: a process that
//! leaves the group escapes. On Windows there is no supervisor; `taskkill /T` ends the tree, and
//! nothing does when the runner itself is killed.

use std::ffi::OsString;
use std::io;
use std::process::{Child, Command, Stdio};

/// The hidden first argument that makes the runner a supervisor.
pub const ARGUMENT: &str = "__supervise";

/// The words after [`ARGUMENT`] for a command that has nothing to read, and for one that reads what is written to the
/// lifeline.
const HEARS: [&str; 2] = ["quiet", "hears"];

/// Starts `command` under supervision, with its output piped. If it `hears`, what is written to the child's `stdin` is
/// passed on to it.
///
/// `memory` limits the data of each process in bytes (setrlimit(2), `RLIMIT_DATA`) on Linux.
/// Dropping the returned child's `stdin` ends the command and all that it started.
///
/// # Errors
/// What the system says when a process cannot be started.
pub fn spawn(command: &Command, memory: Option<u64>, hears: bool) -> io::Result<Child> {
    let mut supervisor = wrap(command, memory, HEARS[usize::from(hears)])?;
    if let Some(dir) = command.get_current_dir() {
        supervisor.current_dir(dir);
    }
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => supervisor.env(name, value),
            None => supervisor.env_remove(name),
        };
    }
    supervisor
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
}

#[cfg(unix)]
fn wrap(command: &Command, memory: Option<u64>, hears: &str) -> io::Result<Command> {
    use std::os::unix::process::CommandExt;
    // Linux keeps the running file reachable here even after a rebuild has replaced it.
    let own = std::path::Path::new("/proc/self/exe");
    let own = if own.exists() {
        own.to_owned()
    } else {
        std::env::current_exe()?
    };
    let mut supervisor = Command::new(own);
    supervisor
        .arg(ARGUMENT)
        .arg(hears)
        .arg(memory.unwrap_or(0).to_string())
        .arg(command.get_program())
        .args(command.get_args())
        // A group of its own: Ctrl-C in the terminal reaches the runner, which then ends this.
        .process_group(0);
    Ok(supervisor)
}

#[cfg(not(unix))]
fn wrap(command: &Command, _memory: Option<u64>, _hears: &str) -> io::Result<Command> {
    let mut plain = Command::new(command.get_program());
    plain.args(command.get_args());
    Ok(plain)
}

/// Asks the supervisor to end everything. It has ended when the child can be waited for.
pub fn end(child: &mut Child) {
    drop(child.stdin.take());
    #[cfg(not(unix))]
    {
        let pid = child.id().to_string();
        // The tree first; if that tool is missing, at least the process itself.
        let _ = Command::new("taskkill")
            .args(["/T", "/F", "/PID", &pid])
            .output();
        let _ = child.kill();
    }
}

/// The supervisor's own `main`: `__supervise quiet|hears MEMORY PROGRAM ARG...`. Never returns.
///
/// It ends as the command ended: with the same exit code, or by the same signal.
#[cfg(unix)]
pub fn main(mut arguments: impl Iterator<Item = OsString>) -> ! {
    let hears = arguments.next().is_some_and(|word| word == HEARS[1]);
    let memory = arguments
        .next()
        .and_then(|text| text.to_str()?.parse::<u64>().ok())
        .filter(|limit| *limit > 0);
    let Some(program) = arguments.next() else {
        eprintln!("{ARGUMENT} is for the runner's own use");
        std::process::exit(2);
    };
    let mut command = Command::new(program);
    command
        .args(arguments)
        .stdin(if hears { Stdio::piped() } else { Stdio::null() });
    let code = match unix::supervise(command, memory) {
        Ok(status) => unix::end_alike(status),
        Err(e) => {
            eprintln!("cannot start the command: {e}");
            127
        }
    };
    std::process::exit(code)
}

#[cfg(not(unix))]
pub fn main(_arguments: impl Iterator<Item = OsString>) -> ! {
    eprintln!("there is no supervisor on this system");
    std::process::exit(2)
}

#[cfg(unix)]
mod unix {
    use std::io::{self, Read, Write};
    use std::os::unix::process::{CommandExt, ExitStatusExt};
    use std::process::{ChildStdin, Command, ExitStatus};
    use std::sync::mpsc::{Sender, channel};

    use rustix::process::{Pid, Resource, Rlimit, Signal, kill_process, setrlimit};

    pub fn supervise(mut command: Command, memory: Option<u64>) -> io::Result<ExitStatus> {
        // An answer that aborts must not leave a core file behind.
        let _ = setrlimit(
            Resource::Core,
            Rlimit {
                current: Some(0),
                maximum: Some(0),
            },
        );
        if let Some(bytes) = memory {
            let limit = Rlimit {
                current: Some(bytes),
                maximum: Some(bytes),
            };
            let _ = setrlimit(Resource::Data, limit);
        }
        tree::adopt_orphans()?;

        let mut child = command.process_group(0).spawn()?;
        let pid = Pid::from_child(&child);

        // The lifeline: reading ends when the runner lets go of it, or is gone.
        let pass_on = child.stdin.take().map(writer);
        std::thread::spawn(move || {
            let mut bytes = [0; 4096];
            loop {
                match io::stdin().read(&mut bytes) {
                    Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                    Ok(0) | Err(_) => break,
                    Ok(n) => {
                        // A command that reads no more is no reason to let go of the lifeline.
                        let _ = pass_on.as_ref().map(|to| to.send(bytes[..n].to_vec()));
                    }
                }
            }
            tree::end_all(pid);
        });
        // If this fails, the thread above has ended the command and taken its status away: the
        // runner has let go, and nobody asks any more how it ended.
        let killed = ExitStatus::from_raw(Signal::KILL.as_raw());
        let status = child.wait().unwrap_or(killed);
        tree::end_all(pid);
        Ok(status)
    }

    /// Writes to the command in a thread of its own: one that does not read must not keep the
    /// lifeline from being watched.
    fn writer(mut to: ChildStdin) -> Sender<Vec<u8>> {
        let (sender, texts) = channel::<Vec<u8>>();
        std::thread::spawn(move || {
            let _ = texts
                .iter()
                .try_for_each(|text| to.write_all(&text).and_then(|()| to.flush()));
        });
        sender
    }

    /// Ends this process as the command ended; returns the exit code to use where there was one.
    pub fn end_alike(status: ExitStatus) -> i32 {
        if let Some(signal) = status.signal().and_then(Signal::from_named_raw) {
            let _ = kill_process(rustix::process::getpid(), signal);
            // A signal that does not end us (it may be blocked) is reported as shells do.
            return 128 + signal.as_raw();
        }
        status.code().unwrap_or(1)
    }

    #[cfg(target_os = "linux")]
    mod tree {
        use std::io;
        use std::time::{Duration, Instant};

        use rustix::io::Errno;
        use rustix::process::{
            Pid, Signal, WaitOptions, getpid, kill_process, set_child_subreaper, wait,
        };

        pub fn adopt_orphans() -> io::Result<()> {
            Ok(set_child_subreaper(Some(getpid()))?)
        }

        /// Ends all descendants. First all are stopped, until a look finds no new one, so that none
        /// can fork on while the others are killed.
        pub fn end_all(_command: Pid) {
            // The usual case, and the quick one: an orphan would have become our child, so without
            // a child there is no descendant and no need to read all of /proc.
            while let Ok(Some(_)) = wait(WaitOptions::NOHANG) {}
            if matches!(wait(WaitOptions::NOHANG), Err(Errno::CHILD)) {
                return;
            }
            let started = Instant::now();
            let mut stopped = Vec::new();
            while started.elapsed() < Duration::from_secs(1) {
                let fresh: Vec<Pid> = descendants()
                    .into_iter()
                    .filter(|pid| !stopped.contains(pid))
                    .collect();
                if fresh.is_empty() {
                    break;
                }
                for pid in fresh {
                    let _ = kill_process(pid, Signal::STOP);
                    stopped.push(pid);
                }
            }
            while started.elapsed() < Duration::from_secs(5) {
                let left = descendants();
                if left.is_empty() {
                    return;
                }
                for pid in left {
                    let _ = kill_process(pid, Signal::KILL);
                }
                while let Ok(Some(_)) = wait(WaitOptions::NOHANG) {}
                std::thread::sleep(Duration::from_millis(1));
            }
        }

        /// All living processes below this one, from `/proc/PID/stat` (proc(5)).
        fn descendants() -> Vec<Pid> {
            let Ok(entries) = std::fs::read_dir("/proc") else {
                return Vec::new();
            };
            let parents: Vec<(i32, i32)> = entries
                .flatten()
                .filter_map(|entry| entry.file_name().to_str()?.parse::<i32>().ok())
                .filter_map(|pid| Some((pid, living_parent(pid)?)))
                .collect();
            let mut found = vec![getpid().as_raw_nonzero().get()];
            let mut next = 0;
            while let Some(&parent) = found.get(next) {
                found.extend(
                    parents
                        .iter()
                        .filter(|(_, p)| *p == parent)
                        .map(|(pid, _)| *pid),
                );
                next += 1;
            }
            found[1..]
                .iter()
                .filter_map(|pid| Pid::from_raw(*pid))
                .collect()
        }

        /// The parent of a process that is not yet dead. The name of the program, in brackets,
        /// may itself hold brackets and spaces: the fields start after the last one.
        fn living_parent(pid: i32) -> Option<i32> {
            let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
            let (_, fields) = stat.rsplit_once(')')?;
            let mut fields = fields.split_whitespace();
            let state = fields.next()?;
            (state != "Z" && state != "X").then_some(())?;
            fields.next()?.parse().ok()
        }
    }

    #[cfg(not(target_os = "linux"))]
    mod tree {
        use std::io;

        use rustix::process::{Pid, Signal, kill_process_group};

        pub fn adopt_orphans() -> io::Result<()> {
            Ok(())
        }

        /// Ends the process group that the command leads.
        pub fn end_all(command: Pid) {
            let _ = kill_process_group(command, Signal::KILL);
        }
    }
}
