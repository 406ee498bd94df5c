//! One row of the ladder: what the greeting call costs in bytes, microseconds and lines of code.
//! The server is another process, as it would be in real life; only the machine is the same.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::Context;
use l01_tcp::{blocking, frame, nonblocking, protocol};

const CALLS: usize = 5000;
const CONNECTIONS: usize = 500;
const PATIENCE: Duration = Duration::from_secs(5);
const NAME: &str = "wire";

/// Measures and prints.
pub fn run() -> anyhow::Result<()> {
    let profile = if cfg!(debug_assertions) {
        "debug build"
    } else {
        "release build"
    };
    println!("The greeting call for `{NAME}`, {CALLS} times each, {profile}, this machine.\n");
    println!("{:38}{:>10}{:>14}", "", "median µs", "99 of 100 µs");

    let function = times(CALLS, || {
        std::hint::black_box(protocol::reply(std::hint::black_box(NAME)));
        Ok(())
    })?;
    row("a function call", &function);

    let server = Server::start(&[])?;
    let mut client = blocking::Client::connect(server.addr, PATIENCE)?;
    let call = times(CALLS, || client.greet(NAME).map(drop).map_err(Into::into))?;
    row("one connection, blocking", &call);
    let dialled = times(CONNECTIONS, || {
        let mut client = blocking::Client::connect(server.addr, PATIENCE)?;
        client.greet(NAME)?;
        Ok(client.finish()?)
    })?;
    row("a new connection for each call", &dialled);

    let server = Server::start(&["--tokio"])?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let mut client = runtime.block_on(nonblocking::Client::connect(server.addr, PATIENCE))?;
    let tokio = times(CALLS, || {
        Ok(runtime.block_on(client.greet(NAME)).map(drop)?)
    })?;
    row("one connection, tokio on both sides", &tokio);

    let request = protocol::request(NAME)?.len();
    let answer = protocol::reply(NAME).len();
    println!(
        "\nBytes of the call: {request} there, {answer} back. TCP and IP add 40 or more to each"
    );
    println!("packet (20 each, and options), which no program gets to see.");
    let framed = frame::encode(NAME.as_bytes(), frame::LIMIT)?.len();
    println!(
        "As a frame the name takes {framed}: 4 for the length instead of 1 for the newline.\n"
    );

    println!("Lines of code, without comments, blank lines and unit tests:");
    for (name, source) in [
        ("first.rs", include_str!("first.rs")),
        ("protocol.rs", include_str!("protocol.rs")),
        ("blocking.rs", include_str!("blocking.rs")),
        ("guests.rs", include_str!("guests.rs")),
        ("nonblocking.rs", include_str!("nonblocking.rs")),
        ("frame.rs", include_str!("frame.rs")),
    ] {
        println!("{:>6}  {name}", lines_of_code(source));
    }
    let blocking = lines_of_code(include_str!("protocol.rs"))
        + lines_of_code(include_str!("blocking.rs"))
        + lines_of_code(include_str!("guests.rs"));
    println!("\nYour row of the ladder:");
    println!("\n| lesson | bytes | µs | lines of code |\n|---|---|---|---|");
    println!(
        "| 01 TCP | {} | {:.0} | {blocking} |",
        request + answer,
        median(&call)
    );
    Ok(())
}

/// How long each of so many calls took, in microseconds, the shortest first. The first tenth of
/// them is thrown away: caches are cold and the machine has other things to do.
fn times(count: usize, mut call: impl FnMut() -> anyhow::Result<()>) -> anyhow::Result<Vec<f64>> {
    let mut times = Vec::with_capacity(count);
    for _ in 0..count + count / 10 {
        let since = Instant::now();
        call()?;
        times.push(since.elapsed().as_secs_f64() * 1e6);
    }
    let mut times = times.split_off(count / 10);
    times.sort_by(f64::total_cmp);
    Ok(times)
}

fn median(times: &[f64]) -> f64 {
    times[times.len() / 2]
}

fn row(what: &str, times: &[f64]) {
    println!(
        "{what:38}{:>10.1}{:>14.1}",
        median(times),
        times[times.len() * 99 / 100]
    );
}

/// Counts what a reader has to understand.
fn lines_of_code(source: &str) -> usize {
    let code = source.split("#[cfg(test)]").next().unwrap_or(source);
    code.lines()
        .map(str::trim)
        .filter(|line| !line.is_empty() && !line.starts_with("//"))
        .count()
}

struct Server {
    child: Child,
    addr: SocketAddr,
}

impl Server {
    fn start(more: &[&str]) -> anyhow::Result<Self> {
        let mut child = Command::new(std::env::current_exe()?)
            .args(["server", "--until-stdin-ends", "--addr", "127.0.0.1:0"])
            .args(more)
            // Held open and never written to: when this process ends, the server notices.
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .context("start this program a second time")?;
        let mut line = String::new();
        BufReader::new(child.stdout.take().context("its output")?).read_line(&mut line)?;
        let addr = line
            .trim()
            .strip_prefix("listening on ")
            .context("an address")?
            .parse()?;
        Ok(Server { child, addr })
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
