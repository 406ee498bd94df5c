//! A program that ends with the process that started it. `Drop` alone is not enough: a test program leaves
//! its statics behind, and a process that is killed drops nothing. A second process, a shell of one
//! line, waits for the end of a pipe that only this process holds, and then ends the program.

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};

/// What the shell does: a line in its input says that there is nothing left to do; the end of its
/// input says that the process that started the program has ended. It has to outlive Ctrl-C to do so.
#[cfg(unix)]
const WATCH: &str = r#"
trap '' INT TERM HUP
read -r line && exit 0
kill -s TERM -- "-$1"
for _ in 1 2 3 4 5 6 7 8 9 10; do kill -s 0 -- "-$1" || break; sleep 0.2; done
kill -s KILL -- "-$1"
[ -z "$2" ] || rm -rf -- "$2"
"#;

/// A running program.
pub struct Guarded {
    child: Child,
    guard: Option<Child>,
    scratch: Option<PathBuf>,
    ended: Option<ExitStatus>,
}

impl Guarded {
    /// Starts it. `scratch` is a folder that goes when the program does.
    ///
    /// # Errors
    /// If it cannot be started.
    pub fn start(command: &mut Command, scratch: Option<&Path>) -> io::Result<Self> {
        // A group of its own, so that what it starts ends with it.
        #[cfg(unix)]
        std::os::unix::process::CommandExt::process_group(command, 0);
        let child = command.stdin(Stdio::null()).spawn()?;
        let mut guarded = Guarded {
            child,
            guard: None,
            scratch: scratch.map(Path::to_path_buf),
            ended: None,
        };
        guarded.guard = guarded.watch()?;
        Ok(guarded)
    }

    #[cfg(unix)]
    fn watch(&self) -> io::Result<Option<Child>> {
        let mut shell = Command::new("sh");
        shell
            .args(["-c", WATCH, "guard"])
            .arg(self.child.id().to_string());
        shell.arg(self.scratch.as_deref().unwrap_or(Path::new("")));
        // Not in our group either: a terminal that closes takes that one down as a whole.
        std::os::unix::process::CommandExt::process_group(&mut shell, 0);
        shell
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .map(Some)
    }

    #[cfg(not(unix))]
    fn watch(&self) -> io::Result<Option<Child>> {
        Ok(None)
    }

    /// Returns the id of the process.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// The process itself, for its output.
    pub fn child(&mut self) -> &mut Child {
        &mut self.child
    }

    /// Returns the exit status, if the program has ended by itself.
    pub fn ended(&mut self) -> Option<ExitStatus> {
        if self.ended.is_none() {
            self.ended = self.child.try_wait().ok().flatten();
        }
        self.ended
    }

    /// Ends it at once, as a crash would, and everything it has started.
    pub fn kill(&mut self) {
        if self.ended().is_none() {
            let young = children(self.id());
            signal("KILL", &[vec![self.id()], young].concat());
            // Where there is no `kill`.
            let _ = self.child.kill();
            self.ended = self.child.wait().ok();
        }
    }

    /// Asks it to end, as Ctrl-C in its terminal does; [`ended`](Self::ended) tells when it has.
    pub fn interrupt(&mut self) {
        if self.ended().is_none() {
            signal("INT", &[self.id()]);
        }
    }
}

impl Drop for Guarded {
    fn drop(&mut self) {
        self.kill();
        if let Some(mut guard) = self.guard.take() {
            // It may be gone already.
            if let Some(mut input) = guard.stdin.take() {
                let _ = input.write_all(b"done\n");
            }
            let _ = guard.wait();
        }
        if let Some(scratch) = &self.scratch {
            // A folder that cannot be removed harms nothing.
            let _ = std::fs::remove_dir_all(scratch);
        }
    }
}

/// Sends a signal to the groups that these processes lead. By the system's own program, because the
/// standard library knows only SIGKILL, and only for one process.
fn signal(name: &str, leaders: &[u32]) {
    if cfg!(unix) {
        let _ = Command::new("kill")
            .args(["-s", name, "--"])
            .args(leaders.iter().map(|id| format!("-{id}")))
            .stderr(Stdio::null())
            .status();
    }
}

/// What this process has started, and what that has started. Consul puts each script of a check in
/// a group of its own, which would outlive it.
fn children(of: u32) -> Vec<u32> {
    let Ok(threads) = std::fs::read_dir(format!("/proc/{of}/task")) else {
        return Vec::new();
    };
    let lists = threads.flatten().filter_map(|thread| {
        let list = std::fs::read_to_string(thread.path().join("children")).ok()?;
        Some(
            list.split_whitespace()
                .map_while(|id| id.parse().ok())
                .collect::<Vec<u32>>(),
        )
    });
    let direct: Vec<u32> = lists.flatten().collect();
    let further: Vec<u32> = direct.iter().flat_map(|child| children(*child)).collect();
    [direct, further].concat()
}
