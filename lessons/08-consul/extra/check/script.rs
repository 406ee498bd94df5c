//! The script check: the exit code is the state. 0 is passing, 1 is a warning, anything else is critical.

use std::io::Read;
use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};

use rustix::process::{Pid, Signal, kill_process_group};

use crate::check::Status;

/// So much of the output is read; what a script says beyond it goes nowhere.
const OUTPUT: u64 = 4096;

/// Runs a command, without a shell: `args` is the program and its arguments, so nothing in them is
/// ever taken for a pipe or a second command.
pub async fn check(args: &[String]) -> (Status, String) {
    let Some((program, rest)) = args.split_first() else {
        return (Status::Critical, "no args".into());
    };
    let child = Command::new(program)
        .args(rest)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .process_group(0)
        .spawn();
    let mut child = match child {
        Ok(child) => child,
        Err(error) => return (Status::Critical, format!("exec: {program:?}: {error}")),
    };
    let output = child.stdout.take();
    let reading = tokio::task::spawn_blocking(move || {
        let mut text = Vec::new();
        if let Some(output) = output {
            drop(output.take(OUTPUT).read_to_end(&mut text));
        }
        String::from_utf8_lossy(&text).into_owned()
    });
    let mut running = Running(child);
    let output = reading.await.unwrap_or_default();
    loop {
        match running.0.try_wait() {
            Ok(Some(code)) => {
                let status = match code.code() {
                    Some(0) => Status::Passing,
                    Some(1) => Status::Warning,
                    _ => Status::Critical,
                };
                return (status, output);
            }
            Ok(None) => tokio::time::sleep(std::time::Duration::from_millis(20)).await,
            Err(error) => return (Status::Critical, error.to_string()),
        }
    }
}

/// Ends the script, and what it started, when the check is over its time or taken away. A group of its
/// own is what makes "what it started" a thing that can be named.
struct Running(std::process::Child);

impl Drop for Running {
    fn drop(&mut self) {
        let group = i32::try_from(self.0.id()).ok().and_then(Pid::from_raw);
        if let (Ok(None), Some(group)) = (self.0.try_wait(), group) {
            let _gone_already = kill_process_group(group, Signal::KILL);
        }
        drop(self.0.wait());
    }
}
