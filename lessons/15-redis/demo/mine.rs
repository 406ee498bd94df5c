//! `-- mine`: the learner's own answers of this lesson, where they have passed, for redis-cli and redis-py
//! to call. In this order, on ports that follow each other:
//!
//! | part | what it is |
//! |---|---|
//! | `resp` | this lesson's Redis, which reads its requests with the learner's `request` |
//! | `setex` | a server of one command, `KEEP key value seconds`: the learner's `keep`, on the Redis `store` |
//! | `once-only` | a server of one command, `TAKE key`: the learner's `take`, on the Redis `store` |
//! | `store` | this lesson's Redis, in which the stranger looks what they have done |

use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;

use anyhow::Context;
use l15_redis::client::{Patience, connect};
use l15_redis::resp::{Protocol, Requests, Value};
use l15_redis::server::{Config, Server};
use redis::RedisError;
use stage::signal::{on_signal, stopped};
use testkit::mine::{self, tell};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;

mod resp {
    include!(concat!(env!("OUT_DIR"), "/resp.rs"));
}

mod setex {
    include!(concat!(env!("OUT_DIR"), "/setex.rs"));
}

mod once_only {
    include!(concat!(env!("OUT_DIR"), "/once-only.rs"));
}

/// So many callers at the same time, for each part. More wait.
const CALLERS: usize = 256;

/// So much of a request is kept.
const LONGEST: usize = 1024 * 1024;

/// Serves the parts on `addr` and the ports that follow it, until a signal ends the program.
pub async fn run(addr: SocketAddr) -> anyhow::Result<()> {
    // Before anybody is told where they listen: whoever then says "end" is heard.
    let end = stopped(on_signal(false)?);
    mine::tell_panics(|| "the answer".to_string());
    let part = |after| mine::port_after(addr, after);

    let own_reader = Server::start(Config {
        addr: addr.to_string(),
        decode: Some(resp::answer::request),
        ..Config::default()
    });
    let own_reader = own_reader.await.context("resp")?;
    let first = own_reader.address();
    tell(&format!(
        "resp: {}, on {first}",
        mine::whose("resp", resp::OWN)
    ));

    // It is told last, and has to be there first.
    let config = Config {
        addr: part(3)?.to_string(),
        ..Config::default()
    };
    let store = Server::start(config).await.context("store")?;
    let redis = connect(store.address(), Patience::default()).await?;

    let kept = redis.clone();
    front("setex", setex::OWN, part(1)?, move |words| {
        let redis = kept.clone();
        async move {
            let Some([_, key, value, seconds]) = texts::<4>("KEEP", &words) else {
                return usage("KEEP key value seconds");
            };
            let Ok(seconds) = seconds.parse() else {
                return usage("KEEP key value seconds");
            };
            match setex::answer::keep(redis, &key, &value, seconds).await {
                Ok(()) => Value::simple("OK"),
                Err(error) => failed(&error),
            }
        }
    })
    .await?;
    front("once-only", once_only::OWN, part(2)?, move |words| {
        let redis = redis.clone();
        async move {
            let Some([_, key]) = texts::<2>("TAKE", &words) else {
                return usage("TAKE key");
            };
            match once_only::answer::take(redis, &key).await {
                Ok(Some(value)) => Value::bulk(value),
                Ok(None) => Value::Null,
                Err(error) => failed(&error),
            }
        }
    })
    .await?;
    tell(&format!(
        "store: this lesson's own server, on {}",
        store.address()
    ));
    tell(&format!("listening on {first}"));
    end.await;
    Ok(())
}

/// The words as text, if they are this command with so many words.
fn texts<const N: usize>(name: &str, words: &[Vec<u8>]) -> Option<[String; N]> {
    let texts: Result<Vec<String>, _> = words.iter().cloned().map(String::from_utf8).collect();
    let texts: [String; N] = texts.ok()?.try_into().ok()?;
    let called = texts.first()?.eq_ignore_ascii_case(name);
    called.then_some(texts)
}

fn usage(words: &str) -> Value {
    Value::error(format!("ERR this server knows {words}, and PING"))
}

/// An error of the answer. Redis' own words go through as they are.
fn failed(error: &RedisError) -> Value {
    match (error.code(), error.detail()) {
        (Some(code), Some(detail)) => Value::error(format!("{code} {detail}")),
        _ => Value::error(format!("ERR {error}")),
    }
}

/// Listens, and answers each request with what `answer` makes of its words.
async fn front<F>(
    part: &'static str,
    own: bool,
    addr: SocketAddr,
    answer: impl Fn(Vec<Vec<u8>>) -> F + Send + Sync + 'static,
) -> anyhow::Result<()>
where
    F: Future<Output = Value> + Send,
{
    let listener = TcpListener::bind(addr).await.context(part)?;
    let addr = listener.local_addr()?;
    tell(&format!("{part}: {}, on {addr}", mine::whose(part, own)));
    let (seats, answer) = (Arc::new(Semaphore::new(CALLERS)), Arc::new(answer));
    tokio::spawn(async move {
        loop {
            let Ok(seat) = Arc::clone(&seats).acquire_owned().await else {
                return;
            };
            let Ok((stream, _)) = listener.accept().await else {
                // No file handles left, for example.
                tokio::time::sleep(std::time::Duration::from_millis(100)).await;
                continue;
            };
            let answer = Arc::clone(&answer);
            tokio::spawn(async move {
                // A caller who goes is no news.
                let _ = serve(stream, &*answer).await;
                drop(seat);
            });
        }
    });
    Ok(())
}

async fn serve<F: Future<Output = Value>>(
    mut stream: TcpStream,
    answer: &impl Fn(Vec<Vec<u8>>) -> F,
) -> std::io::Result<()> {
    let mut requests = Requests::default();
    loop {
        let mut replies = Vec::new();
        let broken = loop {
            let reply = match requests.next_request() {
                Ok(Some(words)) => reply(words, answer).await,
                Ok(None) => break requests.held() > LONGEST,
                Err(words) => {
                    let error = Value::error(format!("ERR Protocol error: {words}"));
                    error.encode(Protocol::Resp2, &mut replies);
                    break true;
                }
            };
            reply.encode(Protocol::Resp2, &mut replies);
        };
        stream.write_all(&replies).await?;
        if broken || stream.read_buf(requests.space()).await? == 0 {
            return Ok(());
        }
    }
}

/// What clients say of themselves is answered here; all else is the part's.
async fn reply<F: Future<Output = Value>>(
    words: Vec<Vec<u8>>,
    answer: &impl Fn(Vec<Vec<u8>>) -> F,
) -> Value {
    let name = words.first().map(|name| name.to_ascii_uppercase());
    match name.as_deref() {
        Some(b"PING") => Value::simple("PONG"),
        Some(b"CLIENT") => Value::simple("OK"),
        Some(b"HELLO") => Value::error("NOPROTO this server speaks RESP2"),
        Some(b"COMMAND") => Value::Array(Vec::new()),
        _ => answer(words).await,
    }
}
