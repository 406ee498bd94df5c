//! One row of the ladder: what the greeting call costs in bytes, microseconds and lines of code.
//! The server is another process, as it would be in real life; only the machine is the same.

use std::time::Duration;

use l01_tcp::{blocking, frame, nonblocking, protocol};
use stage::measure::{PROFILE, Times, code, head, ladder_row};

use crate::demo::server;

const CALLS: usize = 5000;
const CONNECTIONS: usize = 500;
const TIMEOUT: Duration = Duration::from_secs(5);
const NAME: &str = "wire";
/// The columns of the words in front of the numbers.
const WORDS: usize = 38;

/// Measures and prints.
pub fn run() -> anyhow::Result<()> {
    println!("The greeting call for `{NAME}`, {CALLS} times each, {PROFILE}, this machine.\n");
    head(WORDS);

    let function = Times::blocking(CALLS, || {
        std::hint::black_box(protocol::reply(std::hint::black_box(NAME)));
        Ok(())
    })?;
    function.row("a function call", WORDS);

    let blocking_server = server(&[])?;
    let addr = blocking_server.listening_blocking()?;
    let mut client = blocking::Client::connect(addr, TIMEOUT)?;
    let call = Times::blocking(CALLS, || Ok(client.greet(NAME).map(drop)?))?;
    let call = call.row("one connection, blocking", WORDS);
    let dialled = Times::blocking(CONNECTIONS, || {
        let mut client = blocking::Client::connect(addr, TIMEOUT)?;
        client.greet(NAME)?;
        Ok(client.finish()?)
    })?;
    dialled.row("a new connection for each call", WORDS);

    let tokio_server = server(&["--tokio"])?;
    let addr = tokio_server.listening_blocking()?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let mut client = runtime.block_on(nonblocking::Client::connect(addr, TIMEOUT))?;
    let tokio = Times::blocking(CALLS, || {
        Ok(runtime.block_on(client.greet(NAME)).map(drop)?)
    })?;
    tokio.row("one connection, tokio on both sides", WORDS);

    let request = protocol::request(NAME)?.len();
    let answer = protocol::reply(NAME).len();
    println!(
        "\nBytes of the call: {request} there, {answer} back. TCP and IP add 40 or more to each"
    );
    println!("packet (20 each, and options), which no program gets to see.");
    let framed = frame::encode(NAME.as_bytes(), frame::LIMIT)?.len();
    println!("As a frame the name takes {framed}: 4 for the length instead of 1 for the newline.");

    // A call on blocking sockets needs three of them.
    let others = ["first.rs", "nonblocking.rs", "frame.rs"];
    let code = code(&SOURCES, &others);
    ladder_row("01 TCP", (request + answer) as u64, call, code);
    Ok(())
}

const SOURCES: [(&str, &str); 6] = stage::sources![
    "first.rs",
    "protocol.rs",
    "blocking.rs",
    "limit.rs",
    "nonblocking.rs",
    "frame.rs",
];
