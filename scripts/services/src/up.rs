//! `up`: starts Consul in the background and returns when it is ready.

use std::fs::File;
use std::io::{BufRead, BufReader, Write};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::{ChildStdin, Command, Stdio};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use lexopt::prelude::*;
use services::{Side, VARIABLE, testkit};

use crate::state::{Running, State};
use crate::status::Health;
use crate::worker::{self, ARGUMENT, Order, STAY, Told};
use crate::{down, http, ports, typed};

/// The port that Consul itself takes.
const PORT: u16 = 8500;
/// How many ports after it are tried.
const MORE: u16 = 100;
/// Something is said at least so often.
const WORD: Duration = Duration::from_secs(2);

/// Runs the command. Its exit code.
pub async fn run(mut arguments: lexopt::Parser) -> Result<u8> {
    let (mut side, mut port, mut foreground, mut state) = (None, None, false, None);
    while let Some(argument) = arguments.next()? {
        match argument {
            Long("real") if side != Some(Side::Embedded) => side = Some(Side::Real),
            Long("embedded") if side != Some(Side::Real) => side = Some(Side::Embedded),
            Long("real" | "embedded") => bail!("--real or --embedded, not both"),
            Long("port") => port = Some(arguments.value()?.parse::<u16>()?),
            Long("foreground") => foreground = true,
            Long("state") => state = Some(PathBuf::from(arguments.value()?)),
            Value(name) if name == "consul" => (),
            Value(other) => bail!("there is no service {other:?}; there is `consul`"),
            other => return Err(other.unexpected().into()),
        }
    }
    let state = State::at(state)?;
    let forced = Side::forced()?;
    let alone = state.alone()?;
    match Health::now(&state).await {
        Health::Up(running) => return already(&running, side.or(forced), port),
        Health::Silent(_, why) => bail!(
            "a Consul was started here already, and gives no good answer: {why}. \
             `cargo workbook services down` ends it"
        ),
        Health::Crashed(why) => {
            eprintln!("The last one has crashed: {why}.");
            down::clean(&state).await?;
        }
        Health::Down => (),
    }
    let found = testkit::consul::find();
    let (side, why) = choose(side, forced, found.as_deref())?;
    let order = Order {
        port: free_port(port, PORT).await?,
        real: side == Side::Real,
        state: state.dir().to_owned(),
    };
    say!("Starting the {side} Consul: {why}.");
    if foreground {
        let never = std::future::pending();
        let ready = |running: &Running| {
            drop(alone);
            introduce(running);
            say!("It runs until Ctrl-C.\nlistening on {}", running.addr);
        };
        worker::look_after(&order, never, ready).await?;
        return Ok(0);
    }
    let (running, mut lifeline) = start(&order, &state)?;
    introduce(&running);
    // From here on it does without us.
    writeln!(lifeline, "{STAY}").context("Consul has ended at once")?;
    say!("It runs until: cargo workbook services down");
    Ok(0)
}

/// Real or embedded, and why; `found` is the real one of this machine.
fn choose(
    asked: Option<Side>,
    forced: Option<Side>,
    found: Option<&Path>,
) -> Result<(Side, String)> {
    let (side, why) = match (asked, forced, found) {
        (Some(side), ..) => (side, format!("as --{side} says")),
        (None, Some(side), _) => (side, format!("as {VARIABLE}={side} says")),
        (None, None, Some(program)) => {
            (Side::Real, format!("found at {}", typed::program(program)))
        }
        (None, None, None) => {
            let why = "there is no real one on this machine; `cargo workbook doctor` says how to \
                       get it";
            (Side::Embedded, why.to_owned())
        }
    };
    if side == Side::Real && found.is_none() {
        let missing = testkit::consul::Trouble::Missing;
        bail!("{missing}, or take the embedded one: --embedded");
    }
    Ok((side, why))
}

fn already(running: &Running, side: Option<Side>, port: Option<u16>) -> Result<u8> {
    let other_side = side.is_some_and(|side| side.to_string() != running.side);
    let other_port = port.is_some_and(|port| port != 0 && port != running.addr.port());
    if other_side || other_port {
        bail!(
            "Consul {}, the {} one, is up at {} already. To have another: \
             cargo workbook services down",
            running.version,
            running.side,
            running.addr
        );
    }
    say!("Already up.");
    introduce(running);
    say!("It runs until: cargo workbook services down");
    Ok(0)
}

/// The port to take: the one that was asked for, else the usual one. Somebody else's Consul there is
/// an error and no reason to move: every command that names no port would talk to that one.
async fn free_port(asked: Option<u16>, usual: u16) -> Result<Option<u16>> {
    let here = Ipv4Addr::LOCALHOST;
    let first = match asked {
        Some(0) => return Ok(None),
        asked => asked.unwrap_or(usual),
    };
    let Err(error) = ports::tcp(here.into(), first) else {
        return Ok(Some(first));
    };
    let addr = SocketAddr::from((here, first));
    let who = match ports::who_listens(addr) {
        Some((pid, name)) => format!("{name}, process {pid}"),
        None => error.to_string(),
    };
    let about = http::ask(addr, "GET", "/v1/agent/self", "", WORD).await;
    let about = about.ok().and_then(|answer| answer.json());
    let version = about.as_ref().map(|about| &about["Config"]["Version"]);
    if let Some(version) = version.and_then(|version| version.as_str()) {
        bail!(
            "a Consul {version} that was not started here listens on {addr} ({who}).\n\
             To use that one: export CONSUL_HTTP_ADDR=http://{addr}\n\
             To have another beside it: cargo workbook services up --port 0"
        );
    }
    if asked.is_some() {
        bail!("{addr} is taken ({who}); choose another --port");
    }
    let after = first..first.saturating_add(MORE);
    let Some(port) = after
        .into_iter()
        .find(|port| ports::tcp(here.into(), *port).is_ok())
    else {
        bail!("{addr} is taken ({who}), and so are the {MORE} after it; choose a --port");
    };
    say!("{addr} is taken ({who}), and not by a Consul; this one takes {port}.");
    Ok(Some(port))
}

/// Starts the background process and waits until it is ready. If this process ends before it has
/// written a line to the lifeline, the other one ends as well.
fn start(order: &Order, state: &State) -> Result<(Running, ChildStdin)> {
    let log = File::create(state.log())?;
    let mut child = Command::new(std::env::current_exe()?)
        .arg(ARGUMENT)
        .arg(serde_json::to_string(order)?)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(log)
        .spawn()
        .context("cannot start the background process")?;
    let (sender, lines) = channel();
    let out = child.stdout.take().context("it has no output")?;
    std::thread::spawn(move || {
        let first = BufReader::new(out).lines().next();
        let _ = sender.send(first.and_then(Result::ok));
    });
    let since = Instant::now();
    let line = loop {
        match lines.recv_timeout(WORD) {
            Ok(line) => break line,
            Err(RecvTimeoutError::Timeout) => {
                say!("  {} s: it is not ready yet", since.elapsed().as_secs());
            }
            Err(RecvTimeoutError::Disconnected) => break None,
        }
    };
    match line.map(|line| serde_json::from_str(&line)) {
        Some(Ok(Told::Ready(running))) => {
            let lifeline = child.stdin.take().context("it has no input")?;
            Ok((running, lifeline))
        }
        told => {
            // It ends without its lifeline, if it has not done so already.
            drop(child.stdin.take());
            child.wait()?;
            match told {
                Some(Ok(Told::Failed(why))) => bail!("{why}"),
                _ => bail!(
                    "the background process has ended: see {}",
                    state.log().display()
                ),
            }
        }
    }
}

fn introduce(running: &Running) {
    let Running {
        addr,
        side,
        pid,
        version,
    } = running;
    say!("\nConsul {version}, the {side} one, is up at {addr} (process {pid}).\n");
    // Lessons ask the usual port unless they are told.
    let (at, to) = match addr.port() == PORT {
        true => (String::new(), String::new()),
        false => (format!(" --addr {addr}"), format!(" --consul {addr}")),
    };
    say!("  export CONSUL_HTTP_ADDR=http://{addr}");
    say!("  cargo run -p l08-consul -- get /v1/catalog/services{at}");
    say!("  cargo run -p l09-register -- server{to}");
    match side.as_str() {
        "real" => say!("  in a browser: http://{addr}/ui\n"),
        _ => say!("\nIt has no user interface, no DNS and no other nodes."),
    }
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::*;

    #[test]
    fn a_machine_without_consul_gets_the_embedded_one_and_is_told() {
        let found = Path::new("/usr/bin/consul");
        let side = |asked, forced, found| choose(asked, forced, found).unwrap();
        let (alone, why) = side(None, None, None);
        assert_eq!(alone, Side::Embedded);
        assert!(why.contains("cargo workbook doctor"), "{why}");
        assert_eq!(side(None, None, Some(found)).0, Side::Real);
        let (forced, why) = side(None, Some(Side::Embedded), Some(found));
        assert_eq!(forced, Side::Embedded);
        assert!(why.contains("WORKBOOK_SERVICES=embedded"), "{why}");
        // Who types an option has thought of it later than whoever set the variable.
        let both = side(Some(Side::Real), Some(Side::Embedded), Some(found));
        assert_eq!(both.0, Side::Real);

        let error = choose(Some(Side::Real), None, None)
            .unwrap_err()
            .to_string();
        assert!(
            error.contains("scripts/test setup") && error.contains("--embedded"),
            "{error}"
        );
    }

    #[tokio::test]
    async fn a_usual_port_that_no_consul_has_is_passed_over() {
        let taken = TcpListener::bind("127.0.0.1:0").unwrap();
        let usual = taken.local_addr().unwrap().port();
        // The stranger never answers; that costs two seconds.
        let port = free_port(None, usual).await.unwrap().unwrap();
        assert!(port > usual, "{port} after {usual}");
        let error = free_port(Some(usual), PORT).await.unwrap_err().to_string();
        assert!(
            error.contains("is taken") && error.contains("--port"),
            "{error}"
        );
        assert!(error.contains(&std::process::id().to_string()), "{error}");
        drop(taken);
        assert_eq!(free_port(None, usual).await.unwrap(), Some(usual));
        assert_eq!(free_port(Some(0), usual).await.unwrap(), None);
    }
}
