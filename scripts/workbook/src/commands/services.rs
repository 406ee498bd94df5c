//! `services`: builds the program that starts servers, and hands the terminal over to it.

use std::process::{Command as Process, ExitCode};

use anyhow::Result;

use super::wire::hand_over;
use super::{Command, course};
use crate::judge::build::Place;
use crate::peer::build_program;
use crate::words;

/// See the file.
pub const COMMAND: Command = Command {
    name: "services",
    about: "Consul and Redis for lessons in two terminals; clusters of three to play with",
    help: "\
Usage: cargo workbook services up [consul|redis] [--port N] [--real | --embedded]
       cargo workbook services status [consul|redis] [--json]
       cargo workbook services down [consul|redis]
       cargo workbook services cluster consul|etcd [--port N] [--kill-leader]

Without a name, both: Consul and Redis.

  up       starts Consul on 127.0.0.1:8500, Redis on 127.0.0.1:6379, and returns when they are
           ready; they go on running. The real one where there is one, else the embedded one: the
           agent of lesson 08, the server of lesson 15
  status   asks them now. Exit code: 0 if what was started answers, 1 if one has crashed or does not
           answer, 3 if none was started
  down     ends them, with everything they started
  cluster  three real servers, Consul or etcd, until Ctrl-C; tells who leads, who fails, who leaves.
           --kill-leader does the experiment by itself, with times

  --port N             with a name: the port, Consul's of the HTTP API; 0 takes any that is free
  --real, --embedded   which one; the variable WORKBOOK_SERVICES=real|embedded does the same
  --foreground         up, with a name: until Ctrl-C, in this terminal
  --json               status: one object; what runs stands in target/services/consul.json and
                       redis.json
  --state DIR          another folder for what is remembered about them
  --raft-multiplier N  cluster consul: how patient the servers are, 1 to 10

Example: cargo workbook services up redis
",
    run,
};

fn run(mut arguments: lexopt::Parser) -> Result<ExitCode> {
    let course = course()?;
    let build = build_program(&Place::home(&course.root), "services", &[])?;
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
