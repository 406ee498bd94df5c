//! The program behind `cargo workbook services`.

/// Prints a line. Whoever reads may have gone, as `| head` does: then nobody hears it, and what was
/// started is not ended by it.
macro_rules! say {
    ($($text:tt)*) => {{
        use std::io::Write;
        let _ = writeln!(std::io::stdout(), $($text)*);
    }};
}

mod cluster;
mod down;
mod http;
mod ports;
mod signals;
mod state;
mod status;
mod typed;
mod up;
mod worker;

use anyhow::{Result, bail};

const HELP: &str = "\
Servers for lessons in two terminals. What lessons need from Consul, the embedded one does as well;
the real one is taken where there is one.

Usage: cargo workbook services up [consul] [--port N] [--real | --embedded] [--foreground]
       cargo workbook services status [consul] [--json]
       cargo workbook services down [consul]
       cargo workbook services cluster consul|etcd [--port N] [--kill-leader]

  up       starts Consul on 127.0.0.1:8500 and returns when it is ready; it goes on running
  status   asks it now. Exit code: 0 if it answers, 1 if it has crashed or does not answer, 3 if
           none was started
  down     ends it, with everything it started
  cluster  three real servers until Ctrl-C; `cluster --help` says more

  --port N            the port of the HTTP API. Without it: 8500, or the next that is free if
                      something else than a Consul has that; 0 takes any that is free
  --real, --embedded  which one; the variable WORKBOOK_SERVICES=real|embedded does the same
  --foreground        until Ctrl-C, in this terminal
  --json              one object: {\"consul\":{\"state\":\"up\",\"addr\":...}}
  --state DIR         where it is remembered, for all but `cluster`; target/services by default

While Consul is up, target/services/consul.json says where: addr, side, pid, version.
";

#[tokio::main]
async fn main() {
    let mut arguments = std::env::args_os().skip(1);
    if arguments
        .next()
        .is_some_and(|first| first == worker::ARGUMENT)
    {
        let order = arguments.next().unwrap_or_default();
        let code = worker::background(&order.to_string_lossy()).await;
        // A Consul that is half started would keep us waiting; its guard ends it with this process.
        std::process::exit(code.into());
    }
    let code = dispatch().await.unwrap_or_else(|error| {
        eprintln!("error: {error:#}");
        2
    });
    std::process::exit(code.into());
}

async fn dispatch() -> Result<u8> {
    let mut arguments: Vec<_> = std::env::args_os().skip(1).collect();
    let command = match arguments.is_empty() {
        true => "--help".into(),
        false => arguments.remove(0),
    };
    let command = command.to_string_lossy().into_owned();
    let help = arguments
        .iter()
        .any(|word| word == "--help" || word == "-h");
    if command == "cluster" {
        if help {
            say!("{}", cluster::help(&arguments).trim_end());
            return Ok(0);
        }
        return cluster::run(arguments).await;
    }
    let arguments = lexopt::Parser::from_args(arguments);
    match command.as_str() {
        "-h" | "--help" | "help" => say!("{}", HELP.trim_end()),
        _ if help => say!("{}", HELP.trim_end()),
        "up" => return up::run(arguments).await,
        "status" => return status::run(arguments).await,
        "down" => return down::run(arguments).await,
        other => bail!("there is no `services {other}`; `cargo workbook services --help`"),
    }
    Ok(0)
}
