//! `up`: starts Consul in the background and returns when it is ready.

use std::fs::File;
use std::io::{BufRead, BufReader, Write};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use lexopt::prelude::*;
use services::{Side, testkit};

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
    let asked = side;
    let (side, why) = choose(side)?;
    let alone = state.alone()?;
    match Health::now(&state).await {
        Health::Up(running) => return already(&running, asked, port),
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
    let order = Order {
        port: free_port(port).await?,
        real: side == Side::Real,
        state: state.dir().to_owned(),
    };
    println!("Starting the {side} Consul: {why}.");
    if foreground {
        let never = std::future::pending();
        let ready = |running: &Running| {
            drop(alone);
            introduce(running);
            println!("It runs until Ctrl-C.\nlistening on {}", running.addr);
        };
        worker::look_after(&order, never, ready).await?;
        return Ok(0);
    }
    let running = start(&order, &state)?;
    introduce(&running);
    println!("It runs until: cargo workbook services down");
    Ok(0)
}

/// Real or embedded, and why.
fn choose(asked: Option<Side>) -> Result<(Side, String)> {
    let found = testkit::consul::find();
    let forced = Side::forced()?;
    let (side, why) = match (asked, forced, &found) {
        (Some(side), ..) => (side, format!("as --{side} says")),
        (None, Some(side), _) => (side, format!("as WORKBOOK_SERVICES={side} says")),
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
        bail!(
            "{}, or use the embedded one: --embedded",
            testkit::consul::Trouble::Missing
        );
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
    println!("Already up.");
    introduce(running);
    println!("It runs until: cargo workbook services down");
    Ok(0)
}

/// The port to take. Somebody else's Consul on the usual port is an error and no reason to move:
/// every command that names no port would talk to that one.
async fn free_port(asked: Option<u16>) -> Result<Option<u16>> {
    let here = Ipv4Addr::LOCALHOST;
    let first = match asked {
        Some(0) => return Ok(None),
        Some(port) => port,
        None => PORT,
    };
    let Err(error) = ports::tcp(here.into(), first) else {
        return Ok(Some(first));
    };
    let addr = SocketAddr::from((here, first));
    let who = match ports::who_listens(addr) {
        Some((pid, name)) => format!("{name}, process {pid}"),
        None => error.to_string(),
    };
    let about = http::ask(addr, "GET", "/v1/agent/self", "", Duration::from_secs(2)).await;
    let about = about.ok().and_then(|answer| answer.json());
    if let Some(version) = about
        .as_ref()
        .and_then(|it| it["Config"]["Version"].as_str())
    {
        bail!(
            "a Consul {version} that was not started here listens on {addr} ({who}).\n\
             To use that one: export CONSUL_HTTP_ADDR=http://{addr}\n\
             To have another beside it: cargo workbook services up --port {}",
            first + 1
        );
    }
    if asked.is_some() {
        bail!("{addr} is taken ({who}); choose another --port");
    }
    let free = |port: &u16| ports::tcp(here.into(), *port).is_ok();
    let Some(port) = (PORT + 1..PORT + MORE).find(free) else {
        bail!("{addr} is taken ({who}), and the {MORE} ports after it as well; choose a --port");
    };
    println!("Port {first} is taken ({who}), by something that is no Consul: {port} it is.");
    Ok(Some(port))
}

/// Starts the background process and waits until it is ready. If this process ends before, the
/// other one does as well: it reads its input.
fn start(order: &Order, state: &State) -> Result<Running> {
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
                println!("  {} s: it is not ready yet", since.elapsed().as_secs());
            }
            Err(RecvTimeoutError::Disconnected) => break None,
        }
    };
    match line.map(|line| serde_json::from_str(&line)) {
        Some(Ok(Told::Ready(running))) => {
            let mut input = child.stdin.take().context("it has no input")?;
            writeln!(input, "{STAY}").context("Consul has ended at once")?;
            Ok(running)
        }
        Some(Ok(Told::Failed(why))) => bail!("{why}"),
        _ => bail!(
            "the background process has ended; its last words are in {}",
            state.log().display()
        ),
    }
}

fn introduce(running: &Running) {
    let Running {
        addr,
        side,
        pid,
        version,
    } = running;
    println!("\nConsul {version}, the {side} one, is up at {addr} (process {pid}).\n");
    println!("  export CONSUL_HTTP_ADDR=http://{addr}");
    println!("  curl http://{addr}/v1/catalog/services");
    println!("  cargo run -p l09-register -- --help");
    if side == "real" {
        println!("  in a browser: http://{addr}/ui");
    }
    println!();
}
