//! `-- mine`: the learner's answer of `session-expiry` on the real Redis, step by step. With `--addr` instead: servers made
//! of the learner's answers, for redis-cli and redis-py to call. In this order, on ports that follow each other:
//!
//! | part | what it is |
//! |---|---|
//! | `request-array` | this lesson's Redis, which reads its requests with the learner's `request` |
//! | `set-with-expiry` | a server of one command, `KEEP key value seconds`: the learner's `keep`, on the Redis `store` |
//! | `once-only` | a server of one command, `TAKE key`: the learner's `take`, on the Redis `store` |
//! | `store` | this lesson's Redis, in which the caller looks up what they have done |
//!
//! Where no answer has passed, the solution stands in.

use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use l15_redis::client::{Timeouts, connect};
use l15_redis::resp::{Protocol, Requests, Value};
use l15_redis::server::{Config, Server};
use redis::RedisError;
use redis::aio::ConnectionManager;
use stage::signal::{on_signal, stopped};
use testkit::mine::{self, tell};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;

mod request_array {
    include!(concat!(env!("OUT_DIR"), "/request-array.rs"));
}

mod session_expiry {
    include!(concat!(env!("OUT_DIR"), "/session-expiry.rs"));
}

mod set_with_expiry {
    include!(concat!(env!("OUT_DIR"), "/set-with-expiry.rs"));
}

mod once_only {
    include!(concat!(env!("OUT_DIR"), "/once-only.rs"));
}

/// So many callers at the same time, for each part. More wait.
const CALLERS: usize = 256;

/// So much of a request is kept.
const LONGEST: usize = 1024 * 1024;

/// How long a session of the story lasts without a use, in seconds.
const IDLE: u64 = 2;

/// Tells the story: a session that is used, one that expires, one that is deleted, and no Redis. Redis is the real one where
/// there is one.
pub async fn story() -> anyhow::Result<()> {
    use session_expiry::{OWN, answer};

    println!("session-expiry: {}", mine::whose("session-expiry", OWN));
    let found = testkit::redis::find().filter(|program| testkit::redis::too_old(program).is_none());
    let readable = match &found {
        Some(_) => None,
        None => Some(Server::start(Config::default()).await?),
    };
    let real = match found {
        Some(_) => Some(tokio::task::spawn_blocking(testkit::redis::Redis::start).await??),
        None => None,
    };
    let addr = match (&real, &readable) {
        (Some(real), _) => real.addr(),
        (None, readable) => readable.as_ref().context("no Redis")?.address(),
    };
    let kind = ["readable", "real"][usize::from(real.is_some())];
    println!("Redis is the {kind} one, at {addr}.\n");
    let redis = connect(addr, Timeouts::default()).await?;
    let mut direct = redis.clone();

    println!(
        "log_in(\"t1\", \"ada\", {IDLE}):  {:?}",
        answer::log_in(redis.clone(), "t1", "ada", IDLE).await
    );
    ask(&mut direct, &["PTTL", "session:t1"]).await?;
    for wait in [1500, 1500, 2500] {
        tokio::time::sleep(Duration::from_millis(wait)).await;
        println!("\n{wait} ms later:");
        println!(
            "user_of(\"t1\", {IDLE}):  {:?}",
            answer::user_of(redis.clone(), "t1", IDLE).await
        );
        ask(&mut direct, &["PTTL", "session:t1"]).await?;
    }
    println!(
        "\nlog_in(\"t2\", \"grace\", {IDLE}):  {:?}",
        answer::log_in(redis.clone(), "t2", "grace", IDLE).await
    );
    ask(&mut direct, &["DEL", "session:t2"]).await?;
    println!(
        "user_of(\"t2\", {IDLE}):  {:?}",
        answer::user_of(redis.clone(), "t2", IDLE).await
    );
    drop(real);
    if let Some(server) = readable {
        server.stop().await;
    }
    println!("\nRedis has stopped:");
    println!(
        "user_of(\"t2\", {IDLE}):  {:?}",
        answer::user_of(redis, "t2", IDLE).await
    );
    Ok(())
}

/// One command of the program itself, and the reply.
async fn ask(redis: &mut ConnectionManager, words: &[&str]) -> anyhow::Result<()> {
    let reply = crate::say::ask(redis, words).await?;
    println!("  {}  {reply}", words.join(" "));
    Ok(())
}

/// Serves the parts on `addr` and the ports that follow it, until a signal ends the program.
pub async fn run(addr: SocketAddr) -> anyhow::Result<()> {
    // Before the program prints where they listen: a reader of that line may end it at once.
    let end = stopped(on_signal(false)?);
    mine::tell_panics(|| "the answer".to_string());
    let part = |after| mine::port_after(addr, after);

    let own_reader = Server::start(Config {
        addr: addr.to_string(),
        decode: Some(request_array::answer::request),
        ..Config::default()
    });
    let own_reader = own_reader.await.context("request-array")?;
    let first = own_reader.address();
    tell(&format!(
        "request-array: {}, on {first}",
        mine::whose("request-array", request_array::OWN)
    ));

    // It is told last, and has to be there first.
    let config = Config {
        addr: part(3)?.to_string(),
        ..Config::default()
    };
    let store = Server::start(config).await.context("store")?;
    let redis = connect(store.address(), Timeouts::default()).await?;

    let kept = redis.clone();
    front(
        "set-with-expiry",
        set_with_expiry::OWN,
        part(1)?,
        move |words| {
            let redis = kept.clone();
            async move {
                let Some([_, key, value, seconds]) = texts::<4>("KEEP", &words) else {
                    return usage("KEEP key value seconds");
                };
                let Ok(seconds) = seconds.parse() else {
                    return usage("KEEP key value seconds");
                };
                match set_with_expiry::answer::keep(redis, &key, &value, seconds).await {
                    Ok(()) => Value::simple("OK"),
                    Err(error) => failed(&error),
                }
            }
        },
    )
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
    let (permits, answer) = (Arc::new(Semaphore::new(CALLERS)), Arc::new(answer));
    tokio::spawn(async move {
        loop {
            let Ok(permit) = Arc::clone(&permits).acquire_owned().await else {
                return;
            };
            let Ok((stream, _)) = listener.accept().await else {
                // No file handles left, for example.
                tokio::time::sleep(Duration::from_millis(100)).await;
                continue;
            };
            let answer = Arc::clone(&answer);
            tokio::spawn(async move {
                // A caller may close the connection at any time.
                let _ = serve(stream, &*answer).await;
                drop(permit);
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
