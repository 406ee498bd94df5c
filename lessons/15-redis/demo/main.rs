//! The command line of lesson 15. Without an argument it tells the whole story in two processes; `server`,
//! `client` and `cost` are for terminals.

mod cost;
mod demo;
#[cfg(feature = "mine")]
mod mine;
mod say;
mod serve;

use std::ffi::OsString;
use std::io::{self, Write};
use std::net::SocketAddr;
use std::process::ExitCode;

use anyhow::{Context, bail};
use lexopt::prelude::*;
use serve::ADDR;

const HELP: &str = "\
Redis, expiring state: lesson 15 of Sockets to Services.

  cargo run -p l15-redis                            the demo: a Redis to read, and a client
  cargo run -p l15-redis -- server                  that Redis, in one terminal
  cargo run -p l15-redis -- client SET name wire    a command, in another one; replies as redis-cli prints them
  cargo run -p l15-redis -- cost                    what a call to it costs, four ways
  cargo run -p l15-redis --features mine -- mine    your answer of `session-expiry` on the real Redis

Options of server, client and cost:
  --addr ADDR     where to listen, or whom to call        [127.0.0.1:6379]
`server --help` tells its other ones.

redis-cli works as well: redis-cli -p 6379 SET name wire. Ctrl-C ends the server.
";

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("l15-redis: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> anyhow::Result<()> {
    let mut words = std::env::args_os().skip(1);
    let role = words.next();
    let role = role.as_ref().map(|role| role.to_string_lossy());
    let words: Vec<OsString> = words.collect();
    if role.as_deref() == Some("server") {
        return serve::run(words);
    }
    let runtime = tokio::runtime::Runtime::new()?;
    let done = match role.as_deref() {
        None => runtime.block_on(demo::run()),
        Some("--help" | "-h") => return Ok(io::stdout().write_all(HELP.as_bytes())?),
        Some("client") => {
            let (addr, words) = options(words)?;
            runtime.block_on(say::client(addr, &words))
        }
        Some("cost") => runtime.block_on(say::cost(options(words)?.0)),
        #[cfg(feature = "mine")]
        Some("mine") if words.is_empty() => runtime.block_on(mine::story()),
        #[cfg(feature = "mine")]
        Some("mine") => runtime.block_on(mine::run(options(words)?.0)),
        Some(other) => {
            bail!("there is no `{other}`; there are server, client and cost, and --help tells more")
        }
    };
    // What still runs is cut off: the user has asked for the end.
    runtime.shutdown_background();
    done
}

/// The address, and the words that are no option.
fn options(words: Vec<OsString>) -> anyhow::Result<(SocketAddr, Vec<OsString>)> {
    let mut addr = ADDR.to_string();
    let mut others = Vec::new();
    let mut words = lexopt::Parser::from_args(words);
    while let Some(word) = words.next()? {
        match word {
            Long("addr") => addr = words.value()?.string()?,
            // From here on it is all Redis' business: `SET balance -5`.
            Value(word) => {
                others.push(word);
                others.extend(words.raw_args()?);
            }
            other => return Err(other.unexpected().into()),
        }
    }
    let addr = addr
        .parse()
        .with_context(|| format!("{addr} is no address; one looks like {ADDR}"))?;
    Ok((addr, others))
}
