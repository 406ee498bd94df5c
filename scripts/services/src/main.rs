//! The program behind `cargo workbook services`.

/// Prints a line. A closed standard output, as after `| head`, is ignored: what was
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
mod resp;
mod server;
mod state;
mod status;
mod typed;
mod up;
mod worker;

use anyhow::{Result, bail};

const HELP: &str = "\
Servers for lessons in two terminals. What lessons need from Consul and Redis, the embedded ones do
as well; the real ones are taken where there are any.

Usage: cargo workbook services up [consul|redis] [--port N] [--real | --embedded] [--foreground]
       cargo workbook services status [consul|redis] [--json]
       cargo workbook services down [consul|redis]
       cargo workbook services cluster consul|etcd [--port N] [--kill-leader]

Without a name, both: Consul and Redis.

  up       starts Consul on 127.0.0.1:8500, Redis on 127.0.0.1:6379, and returns when they are
           ready; they go on running
  status   asks them now. Exit code: 0 if what was started answers, 1 if one has crashed or does not
           answer, 3 if none was started
  down     ends them, with everything they started
  cluster  three real servers until Ctrl-C; `cluster --help` says more

  --port N            with a name: the port, Consul's of the HTTP API. Without it: 8500 or 6379, or
                      the next that is free if something else has that; 0 takes any that is free
  --real, --embedded  which one; the variable WORKBOOK_SERVICES=real|embedded does the same
  --foreground        with a name: until Ctrl-C, in this terminal
  --json              one object: {\"consul\":{\"state\":\"up\",\"addr\":...},\"redis\":{...}}
  --state DIR         where it is remembered, for all but `cluster`; target/services by default

While Consul is up, target/services/consul.json says where: addr, side, pid, version. For Redis it
is redis.json.
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
        // A server that is half started would keep us waiting; its guard ends it with this process.
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
