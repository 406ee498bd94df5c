//! The role `server`: the readable Redis in a terminal of its own.

use std::ffi::OsString;
use std::io::{self, ErrorKind, Write};

use anyhow::bail;
use lexopt::prelude::*;
use stage::signal::{on_signal, stopped, tell};

use l15_redis::server::{Config, Server};

/// The default address: Redis' own port.
pub const ADDR: &str = "127.0.0.1:6379";

/// The text of `server --help`.
pub const HELP: &str = "\
A readable Redis: lesson 15 of Sockets to Services.

  cargo run -p l15-redis -- server              on 127.0.0.1:6379, as Redis does
  cargo run -p l15-redis -- server --addr ADDR  somewhere else; port 0 takes a free one

  --maxmemory BYTES    for all keys and values  [268435456]
  --maxclients NUMBER  clients at once  [10000]

In another terminal: `redis-cli`, or `redis-cli -p PORT`, or a line such as `SET a 1` in `nc`.
It answers as Redis 7.0 does, as far as strings go, and writes nothing to a disk. Ctrl-C ends it.
";

/// For a program that starts it: it ends when its standard input does, so it cannot outlive the program that holds the
/// other end, however that ends. Not for people, and not in the help.
pub const UNTIL_STDIN_ENDS: &str = "until-stdin-ends";

/// Runs it until Ctrl-C or SIGTERM. `words` are those behind `server`.
///
/// # Errors
/// If the words make no sense, or it cannot listen there.
pub fn run(words: impl IntoIterator<Item = OsString>) -> anyhow::Result<()> {
    let Some((config, until_stdin_ends)) = read(words)? else {
        return Ok(io::stdout().write_all(HELP.as_bytes())?);
    };
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    runtime.block_on(serve(config, until_stdin_ends))
}

/// What the words choose, and whether it ends with its standard input; `None`: they ask for help.
fn read(words: impl IntoIterator<Item = OsString>) -> anyhow::Result<Option<(Config, bool)>> {
    let mut config = Config {
        addr: ADDR.into(),
        ..Config::default()
    };
    let mut until_stdin_ends = false;
    let mut words = lexopt::Parser::from_args(words);
    while let Some(word) = words.next()? {
        match word {
            Long("addr") => config.addr = words.value()?.string()?,
            Long("maxmemory") => config.max_memory = words.value()?.parse()?,
            Long("maxclients") => config.max_clients = words.value()?.parse()?,
            Long(UNTIL_STDIN_ENDS) => until_stdin_ends = true,
            Long("help") | Short('h') => return Ok(None),
            Long(name) => {
                bail!("there is no option `--{name}`; `server --help` shows what there is")
            }
            Value(word) => bail!(
                "`{}` is one word too many; `server --help` shows what there is",
                word.display()
            ),
            other => return Err(other.unexpected().into()),
        }
    }
    Ok(Some((config, until_stdin_ends)))
}

async fn serve(config: Config, until_stdin_ends: bool) -> anyhow::Result<()> {
    raise_file_limit();
    // Before the line that says that it listens: a reader of that line may end it at once.
    let end = on_signal(until_stdin_ends)?;
    let addr = config.addr.clone();
    let server = Server::start(config).await.map_err(|error| match error.kind() {
        ErrorKind::AddrInUse => anyhow::anyhow!(
            "cannot listen on {addr}: another program listens there, perhaps a Redis; --addr takes \
             another address"
        ),
        _ => anyhow::anyhow!("cannot listen on {addr}: {error}; an address looks like {ADDR}"),
    })?;
    tell(&format!("listening on {}", server.address()));
    stopped(end).await;
    server.stop().await;
    Ok(())
}

/// Every client holds a file handle. If the system gives no more, it will do without.
fn raise_file_limit() {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let limit = getrlimit(Resource::Nofile);
    let more = Rlimit {
        current: limit.maximum,
        ..limit
    };
    let _ = setrlimit(Resource::Nofile, more);
}
