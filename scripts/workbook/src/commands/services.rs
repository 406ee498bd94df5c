//! `services`: builds the program that starts servers, and hands the terminal over to it.

use std::process::{Command as Process, ExitCode};

use anyhow::Result;

use super::wire::hand_over;
use super::{Command, course};
use crate::judge::home;
use crate::peer::build_program;
use crate::words;

/// See the file.
pub const COMMAND: Command = Command {
    name: "services",
    about: "a Consul for lessons in two terminals; clusters of three to play with",
    help: "\
Usage: cargo workbook services up [consul] [--port N] [--real | --embedded]
       cargo workbook services status [--json]
       cargo workbook services down
       cargo workbook services cluster consul|etcd [--port N] [--kill-leader]

  up       starts Consul on 127.0.0.1:8500 and returns when it is ready; it goes on running. The
           real one where there is one, else the embedded one, which is the agent of lesson 08
  status   asks it now. Exit code: 0 if it answers, 1 if it has crashed or does not answer, 3 if
           none was started
  down     ends it, with everything it started
  cluster  three real servers, Consul or etcd, until Ctrl-C; tells who leads, who fails, who leaves.
           --kill-leader does the experiment by itself, with times

  --port N             the port of the HTTP API; 0 takes any that is free
  --real, --embedded   which one; the variable WORKBOOK_SERVICES=real|embedded does the same
  --foreground         up: until Ctrl-C, in this terminal
  --json               status: one object; the running Consul stands in target/services/consul.json
  --state DIR          another folder for what is remembered about it
  --raft-multiplier N  cluster consul: how patient the servers are, 1 to 10

Example: cargo workbook services up --port 8501
",
    run,
};

fn run(mut arguments: lexopt::Parser) -> Result<ExitCode> {
    let course = course()?;
    let build = build_program(&home(&course.root), "services", &[])?;
    let Some(program) = build else {
        eprintln!("{}", words::SERVICES_NOT_BUILT);
        return Ok(ExitCode::from(2));
    };
    let mut command = Process::new(program);
    command.args(arguments.raw_args()?);
    // The course may have been copied since the program was built.
    if std::env::var_os(STATE).is_none() {
        command.env(STATE, course.root.join("target/services"));
    }
    hand_over(command)
}

/// What tells the program where it remembers what it has started.
const STATE: &str = "WORKBOOK_SERVICES_STATE";
