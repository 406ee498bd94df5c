//! The conformance suite against the agent of this lesson.

mod conformance;
mod support;

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use support::{Http, Server};
use testkit::Guarded;

fn fresh(definitions: Option<&Path>, data: Option<&Path>) -> Result<Server, String> {
    let mut command = Command::new(env!("CARGO_BIN_EXE_l08-consul"));
    command.args(["agent", "--http-addr", "127.0.0.1:0"]);
    if let Some(folder) = definitions {
        command.arg("--config-dir").arg(folder);
    }
    if let Some(folder) = data {
        command.arg("--data-dir").arg(folder);
    }
    command.stdout(Stdio::piped());
    let mut agent = Guarded::start(&mut command, None).map_err(|error| error.to_string())?;
    let mut output = BufReader::new(agent.child().stdout.take().expect("piped above"));
    loop {
        let mut line = String::new();
        let read = output.read_line(&mut line);
        if !matches!(read, Ok(1..)) {
            return Err("the agent ended before it printed `listening on ADDR`".to_string());
        }
        if let Some(addr) = line.trim_end().rsplit_once("listening on ") {
            let addr = addr.1.parse();
            let addr = addr.map_err(|_| format!("no address in {line:?}"))?;
            // Somebody has to read what else it prints, or it waits for a reader one day.
            std::thread::spawn(move || output.lines().for_each(drop));
            return Ok(Server::new(addr, fresh, agent));
        }
    }
}

/// Runs a case against the one agent of this program, which ends with it.
fn judge(case: fn(&Http)) {
    static SHARED: OnceLock<Result<Server, String>> = OnceLock::new();
    match SHARED.get_or_init(|| fresh(None, None)) {
        Ok(server) => case(server),
        Err(trouble) => panic!("{trouble}"),
    }
}

conformance::every_case!();
