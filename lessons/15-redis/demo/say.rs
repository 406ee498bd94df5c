//! What the command line says: one command and its reply, and what calls cost.

use std::ffi::OsString;
use std::net::SocketAddr;

use anyhow::{anyhow, ensure};
use l15_redis::client::{Timeouts, connect};
use redis::Value;
use redis::aio::ConnectionManager;

use crate::cost;

/// Sends these words as one command and prints the reply.
pub async fn client(addr: SocketAddr, words: &[OsString]) -> anyhow::Result<()> {
    ensure!(!words.is_empty(), "say a command, for example: client PING");
    let mut redis = connect(addr, Timeouts::default())
        .await
        .map_err(|error| anyhow!("no Redis answers at {addr}: {error}"))?;
    let words: Vec<&[u8]> = words.iter().map(|w| w.as_encoded_bytes()).collect();
    println!("{}", ask(&mut redis, &words).await?);
    Ok(())
}

/// Any command. An error of Redis is a reply; one of the connection is an error.
pub async fn ask(
    redis: &mut ConnectionManager,
    words: &[impl AsRef<[u8]>],
) -> anyhow::Result<String> {
    let mut command = redis::Cmd::new();
    for word in words {
        command.arg(word.as_ref());
    }
    let reply: redis::RedisResult<Value> = command.query_async(redis).await;
    match reply {
        Ok(value) => Ok(told(&value)),
        Err(error) if error.is_io_error() => Err(error.into()),
        Err(error) => {
            let code = error.code().unwrap_or("ERR");
            Ok(format!("(error) {code} {}", error.detail().unwrap_or("")))
        }
    }
}

/// Makes the same calls in four ways, and measures each beside the first.
pub async fn cost(addr: SocketAddr) -> anyhow::Result<()> {
    const CALLS: u32 = 2000;
    const CALLERS: u32 = 50;
    let own = cost::one_per_call(addr, CALLS).await;
    let own = own.map_err(|error| anyhow!("no Redis answers at {addr}: {error}"))?;
    let rows = [
        ("a connection for each", own),
        ("one connection", cost::shared(addr, CALLS).await?),
        (
            "one connection, 50 callers",
            cost::shared_by_many(addr, CALLS, CALLERS).await?,
        ),
        ("one pipeline", cost::pipelined(addr, CALLS).await?),
    ];
    for (how, cost) in rows {
        println!(
            "   {how:27} {:5} INCRs, {:4} connections  {:7.1} µs a call   {:5.1} times as fast",
            cost.calls,
            cost.connections,
            cost.micros(),
            own.micros() / cost.micros()
        );
    }
    Ok(())
}

/// A reply as redis-cli prints it.
pub fn told(value: &Value) -> String {
    match value {
        Value::Nil => "(nil)".to_string(),
        Value::Int(number) => format!("(integer) {number}"),
        Value::BulkString(bytes) => format!("\"{}\"", bytes.escape_ascii()),
        Value::SimpleString(text) => text.clone(),
        Value::Okay => "OK".to_string(),
        Value::Array(values) if values.is_empty() => "(empty array)".to_string(),
        Value::Array(values) => {
            let lines = values.iter().enumerate();
            let lines = lines.map(|(at, value)| format!("{}) {}", at + 1, told(value)));
            lines.collect::<Vec<_>>().join("\n")
        }
        other => format!("{other:?}"),
    }
}
