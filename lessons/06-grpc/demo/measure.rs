//! One row of the ladder: what the greeting call costs in bytes, microseconds and lines of code.
//! The server is another process, as it would be in real life; only the machine is the same.

use std::time::{Duration, Instant};

use anyhow::Context;
use l06_grpc::client::{Client, Options};
use l06_grpc::greeter::Greetings;
use l06_grpc::pb::greeter::HelloRequest;
use l06_grpc::pb::greeter::greeter_client::GreeterClient;
use l06_grpc::pb::greeter::greeter_server::Greeter;
use stage::measure::{PROFILE, Times, code, head, ladder_row};
use stage::tap::{Reading, Tap};
use tokio::task::JoinSet;
use tonic::Request;

use crate::scenes::start;

const CALLS: usize = 3000;
const DIALLED: usize = 300;
const NAME: &str = "wire";
/// The columns for the words of a row.
const WIDE: usize = 38;

/// Measures and prints.
pub async fn run() -> anyhow::Result<()> {
    println!("The greeting call for `{NAME}`, {CALLS} times each, {PROFILE}, this machine.\n");
    head(WIDE);

    let request = || HelloRequest {
        name: NAME.to_string(),
    };
    let near = Times::of(CALLS, async || {
        Greetings.say_hello(Request::new(request())).await?;
        Ok(())
    });
    near.await?.row("the method, called as a function", WIDE);

    let (_server, addr) = start("127.0.0.1:0", &[], |_| {}).await?;
    let client = Client::connect(addr, Options::default()).await?;
    let call = Times::of(CALLS, async || {
        client.greet(NAME).await?;
        Ok(())
    })
    .await?;
    let call = call.row("a call, one connection", WIDE);

    let bare = GreeterClient::new(client.channel());
    let without = Times::of(CALLS, async || {
        bare.clone().say_hello(request()).await?;
        Ok(())
    });
    without
        .await?
        .row("the same without token and deadline", WIDE);

    let dialled = Times::of(DIALLED, async || {
        let client = Client::connect(addr, Options::default()).await?;
        client.greet(NAME).await?;
        Ok(())
    });
    dialled.await?.row("a connection for each call", WIDE);

    let since = Instant::now();
    let mut tasks = JoinSet::new();
    for _ in 0..64 {
        let client = client.clone();
        tasks.spawn(async move {
            for _ in 0..CALLS / 64 {
                client.greet(NAME).await?;
            }
            Ok::<(), tonic::Status>(())
        });
    }
    while let Some(done) = tasks.join_next().await {
        done??;
    }
    let per_call = since.elapsed().as_secs_f64() * 1e6 / (CALLS / 64 * 64) as f64;
    println!(
        "{:WIDE$}{per_call:>10.1}",
        "64 at the same time, time for each"
    );

    let (first, later) = bytes(addr).await?;
    println!("\nBytes on the wire, there and back:");
    let line = |what: &str, bytes: Reading| {
        println!("{:>6} + {:3}  {what}", bytes.there, bytes.back);
    };
    line("the first call, with the opening of the connection", first);
    line("a later call", later);
    println!("{:>6} + {:3}  of these, the messages in protobuf", 6, 12);

    let generated = include_str!(concat!(env!("OUT_DIR"), "/greeter.v1.rs"));
    let generated = ("generated from greeter.proto", generated);
    let others: Vec<&str> = OTHERS.iter().map(|(file, _)| *file).collect();
    let others = [&others[..], &[generated.0]].concat();
    let sources = [&NEEDED[..], &OTHERS, &[generated]].concat();
    let bytes = later.there + later.back;
    ladder_row("06 gRPC", bytes, call, code(&sources, &others));
    Ok(())
}

/// What a call needs.
const NEEDED: [(&str, &str); 4] = stage::sources![
    "services/greeter.rs",
    "services/refuse.rs",
    "server.rs",
    "client.rs",
];

const OTHERS: [(&str, &str); 7] = stage::sources![
    "retry.rs",
    "layers/middleware.rs",
    "layers/deadline.rs",
    "layers/guard.rs",
    "status.rs",
    "layers/metadata.rs",
    "server/connection_limit.rs",
];

/// The bytes of the first call on a connection and of a later one: the shortest of nine, because now
/// and then there is a new date among the headers, or something about the connection itself.
async fn bytes(server: std::net::SocketAddr) -> anyhow::Result<(Reading, Reading)> {
    let tap = Tap::open(server).await?;
    let mut last = tap.read();
    let client = Client::connect(tap.addr, Options::default()).await?;
    let mut calls = Vec::new();
    for _ in 0..10 {
        client.greet(NAME).await?;
        tokio::time::sleep(Duration::from_millis(50)).await;
        let now = tap.read();
        calls.push(now.since(last));
        last = now;
    }
    let later = calls[1..].iter().min_by_key(|call| call.there + call.back);
    Ok((calls[0], *later.context("ten calls were made")?))
}
