//! One row of the ladder: what the greeting call costs in bytes, microseconds and lines of code.
//! The server is another process, as it would be in real life; only the machine is the same.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::Context;
use l01_tcp::ladder::{Times, head, lines_of_code};
use l01_tcp::{blocking, frame, nonblocking, protocol};

const CALLS: usize = 5000;
const CONNECTIONS: usize = 500;
const PATIENCE: Duration = Duration::from_secs(5);
const NAME: &str = "wire";

/// Measures and prints.
pub fn run() -> anyhow::Result<()> {
    head(NAME, CALLS);

    let function = times(CALLS, || {
        std::hint::black_box(protocol::reply(std::hint::black_box(NAME)));
        Ok(())
    })?;
    function.row("a function call");

    let server = Server::start(&[])?;
    let mut client = blocking::Client::connect(server.addr, PATIENCE)?;
    let call = times(CALLS, || client.greet(NAME).map(drop).map_err(Into::into))?;
    let call = call.row("one connection, blocking");
    let dialled = times(CONNECTIONS, || {
        let mut client = blocking::Client::connect(server.addr, PATIENCE)?;
        client.greet(NAME)?;
        Ok(client.finish()?)
    })?;
    dialled.row("a new connection for each call");

    let server = Server::start(&["--tokio"])?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let mut client = runtime.block_on(nonblocking::Client::connect(server.addr, PATIENCE))?;
    let tokio = times(CALLS, || {
        Ok(runtime.block_on(client.greet(NAME)).map(drop)?)
    })?;
    tokio.row("one connection, tokio on both sides");

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
        ("first.rs", include_str!("../src/first.rs")),
        ("protocol.rs", include_str!("../src/protocol.rs")),
        ("blocking.rs", include_str!("../src/blocking.rs")),
        ("guests.rs", include_str!("../src/guests.rs")),
        ("nonblocking.rs", include_str!("../src/nonblocking.rs")),
        ("frame.rs", include_str!("../src/frame.rs")),
    ] {
        println!("{:>6}  {name}", lines_of_code(source));
    }
    let blocking = lines_of_code(include_str!("../src/protocol.rs"))
        + lines_of_code(include_str!("../src/blocking.rs"))
        + lines_of_code(include_str!("../src/guests.rs"));
    println!("\nYour row of the ladder:");
    println!("\n| lesson | bytes | µs | lines of code |\n|---|---|---|---|");
    println!("| 01 TCP | {} | {call:.0} | {blocking} |", request + answer);
    Ok(())
}

/// How long each of so many calls took.
fn times(count: usize, mut call: impl FnMut() -> anyhow::Result<()>) -> anyhow::Result<Times> {
    let mut times = Times::new(count);
    while times.more() {
        let since = Instant::now();
        call()?;
        times.add(since.elapsed());
    }
    Ok(times)
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
