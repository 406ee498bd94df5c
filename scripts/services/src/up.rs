//! `up`: starts servers in the background and returns when they are ready.

use std::fs::File;
use std::io::{BufRead, BufReader, Write};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::{ChildStdin, Command, Stdio};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use lexopt::prelude::*;
use services::{Side, VARIABLE};

use crate::server::Kind;
use crate::state::{Running, State};
use crate::status::Health;
use crate::worker::{self, ARGUMENT, Order, STAY, Told};
use crate::{down, ports, typed};

/// How many ports after it are tried.
const MORE: u16 = 100;
/// Something is said at least so often.
const WORD: Duration = Duration::from_secs(2);

/// What was asked for.
#[derive(Debug, Default)]
struct Asked {
    side: Option<Side>,
    port: Option<u16>,
    foreground: bool,
    dir: Option<PathBuf>,
}

/// Runs the command. Its exit code.
pub async fn run(mut arguments: lexopt::Parser) -> Result<u8> {
    let (mut asked, mut kinds) = (Asked::default(), Vec::new());
    while let Some(argument) = arguments.next()? {
        match argument {
            Long("real") if asked.side != Some(Side::Embedded) => asked.side = Some(Side::Real),
            Long("embedded") if asked.side != Some(Side::Real) => asked.side = Some(Side::Embedded),
            Long("real" | "embedded") => bail!("--real or --embedded, not both"),
            Long("port") => asked.port = Some(arguments.value()?.parse::<u16>()?),
            Long("foreground") => asked.foreground = true,
            Long("state") => asked.dir = Some(PathBuf::from(arguments.value()?)),
            Value(name) => kinds.push(Kind::named(&name)?),
            other => return Err(other.unexpected().into()),
        }
    }
    if let [kind] = kinds[..] {
        return one(kind, &asked).await.map(|()| 0);
    }
    if asked.port.is_some() || asked.foreground {
        bail!(
            "--port and --foreground are for one server: say which, as in \
             `cargo workbook services up consul --port 8501`"
        );
    }
    if kinds.is_empty() {
        kinds.extend(Kind::ALL);
    }
    let mut all_well = true;
    for kind in kinds {
        // What is wrong with one of the two does not keep the other from starting.
        if let Err(error) = one(kind, &asked).await {
            eprintln!("error: {error:#}\n");
            all_well = false;
        }
    }
    Ok(if all_well { 0 } else { 2 })
}

/// Starts one, and says so.
async fn one(kind: Kind, asked: &Asked) -> Result<()> {
    let state = State::at(asked.dir.clone(), kind)?;
    let (side, port) = (asked.side, asked.port);
    let forced = Side::forced()?;
    let alone = state.alone()?;
    match Health::now(&state).await {
        Health::Up(running) => return already(kind, &running, side.or(forced), port),
        Health::Silent { why, .. } => bail!(
            "a {kind} was started here already, and gives no good answer: {why}. \
             `cargo workbook services down {}` ends it",
            kind.word()
        ),
        Health::Crashed { why } => {
            eprintln!("The last one has crashed: {why}.");
            down::clean(&state).await?;
        }
        Health::Down => (),
    }
    let found = kind.find();
    let (side, why) = choose(kind, side, forced, found.as_deref())?;
    let order = Order {
        kind,
        port: free_port(kind, port, kind.port()).await?,
        real: side == Side::Real,
        state: state.dir().to_owned(),
    };
    say!("Starting the {side} {kind}: {why}.");
    if asked.foreground {
        let never = std::future::pending();
        let ready = |running: &Running| {
            drop(alone);
            introduce(kind, running);
            say!("It runs until Ctrl-C.\nlistening on {}", running.addr);
        };
        return worker::look_after(&order, never, ready).await;
    }
    let (running, mut lifeline) = start(&order, &state)?;
    introduce(kind, &running);
    // From here on it does without us.
    writeln!(lifeline, "{STAY}").with_context(|| format!("{kind} has ended at once"))?;
    until(kind);
    Ok(())
}

fn until(kind: Kind) {
    say!(
        "It runs until: cargo workbook services down {}",
        kind.word()
    );
}

/// Real or embedded, and why; `found` is the real one of this machine.
fn choose(
    kind: Kind,
    asked: Option<Side>,
    forced: Option<Side>,
    found: Option<&Path>,
) -> Result<(Side, String)> {
    let (side, why) = match (asked, forced, found) {
        (Some(side), ..) => (side, format!("as --{side} says")),
        (None, Some(side), _) => (side, format!("as {VARIABLE}={side} says")),
        (None, None, Some(program)) => match kind.too_old(program) {
            Some(why) => (Side::Embedded, why),
            None => (Side::Real, format!("found at {}", typed::program(program))),
        },
        (None, None, None) => {
            let why = "there is no real one on this machine; `cargo workbook doctor` says how to \
                       get it";
            (Side::Embedded, why.to_owned())
        }
    };
    if side == Side::Real && found.is_none() {
        bail!("{}, or take the embedded one: --embedded", kind.missing());
    }
    Ok((side, why))
}

fn already(kind: Kind, running: &Running, side: Option<Side>, port: Option<u16>) -> Result<()> {
    let other_side = side.is_some_and(|side| side.to_string() != running.side);
    let other_port = port.is_some_and(|port| port != 0 && port != running.addr.port());
    if other_side || other_port {
        bail!(
            "{kind} {}, the {} one, is up at {} already. To have another: \
             cargo workbook services down {}",
            running.version,
            running.side,
            running.addr,
            kind.word()
        );
    }
    say!("Already up.");
    introduce(kind, running);
    until(kind);
    Ok(())
}

/// The port to take: the one that was asked for, else the usual one. Another user's server of this kind
/// there is an error and no reason to move: every command that names no port would talk to that one.
async fn free_port(kind: Kind, asked: Option<u16>, usual: u16) -> Result<Option<u16>> {
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
    if let Some(version) = kind.version(addr, WORD).await {
        let use_it = match kind {
            Kind::Consul => format!("export CONSUL_HTTP_ADDR=http://{addr}"),
            Kind::Redis => format!("give programs --redis {addr}, or redis-cli -p {first}"),
        };
        bail!(
            "a {kind} {version} that was not started here listens on {addr} ({who}).\n\
             To use that one: {use_it}\n\
             To have another beside it: cargo workbook services up {} --port 0",
            kind.word()
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
    say!("{addr} is taken ({who}), and not by a {kind}; this one takes {port}.");
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

fn introduce(kind: Kind, running: &Running) {
    say!("\n{}\n", running.words(kind));
    let Running { addr, side, .. } = running;
    // Lessons ask the usual port unless they are told.
    let usual = addr.port() == kind.port();
    let told = |option: &str| match usual {
        true => String::new(),
        false => format!(" --{option} {addr}"),
    };
    match kind {
        Kind::Consul => {
            say!("  export CONSUL_HTTP_ADDR=http://{addr}");
            let at = told("addr");
            say!("  cargo run -p l08-consul -- get /v1/catalog/services{at}");
            let to = told("consul");
            say!("  cargo run -p l09-register -- server{to}");
            match side.as_str() {
                "real" => say!("  in a browser: http://{addr}/ui\n"),
                _ => say!("\nIt has no user interface, no DNS and no other nodes."),
            }
        }
        Kind::Redis => {
            say!("  redis-cli -p {}", addr.port());
            say!("  cargo run -p l15-redis -- client --addr {addr}\n");
            match side.as_str() {
                "real" => say!("It keeps nothing on a disk: what is stored in it ends with it."),
                _ => say!(
                    "It is the server of lesson 15, with the commands of that lesson. What is stored \
                     in it ends with it."
                ),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::*;

    #[test]
    fn a_machine_without_consul_gets_the_embedded_one_and_is_told() {
        let found = Path::new("/usr/bin/consul");
        let side = |asked, forced, found| choose(Kind::Consul, asked, forced, found).unwrap();
        let (alone, why) = side(None, None, None);
        assert_eq!(alone, Side::Embedded);
        assert!(why.contains("cargo workbook doctor"), "{why}");
        assert_eq!(side(None, None, Some(found)).0, Side::Real);
        let (forced, why) = side(None, Some(Side::Embedded), Some(found));
        assert_eq!(forced, Side::Embedded);
        assert!(why.contains("WORKBOOK_SERVICES=embedded"), "{why}");
        // An option is typed later than the variable was set, so it wins.
        let both = side(Some(Side::Real), Some(Side::Embedded), Some(found));
        assert_eq!(both.0, Side::Real);

        for (kind, help) in [
            (Kind::Consul, "scripts/test setup"),
            (Kind::Redis, "redis-server"),
        ] {
            let error = choose(kind, Some(Side::Real), None, None);
            let error = error.unwrap_err().to_string();
            assert!(
                error.contains(help) && error.contains("--embedded"),
                "{error}"
            );
        }
    }

    #[tokio::test]
    async fn a_usual_port_that_no_such_server_has_is_passed_over() {
        for kind in Kind::ALL {
            let taken = TcpListener::bind("127.0.0.1:0").unwrap();
            let usual = taken.local_addr().unwrap().port();
            // The stranger never answers; that costs two seconds.
            let port = free_port(kind, None, usual).await.unwrap().unwrap();
            assert!(port > usual, "{port} after {usual}");
            let error = free_port(kind, Some(usual), kind.port()).await;
            let error = error.unwrap_err().to_string();
            assert!(
                error.contains("is taken") && error.contains("--port"),
                "{error}"
            );
            assert!(error.contains(&std::process::id().to_string()), "{error}");
            drop(taken);
            assert_eq!(free_port(kind, None, usual).await.unwrap(), Some(usual));
            assert_eq!(free_port(kind, Some(0), usual).await.unwrap(), None);
        }
    }
}
