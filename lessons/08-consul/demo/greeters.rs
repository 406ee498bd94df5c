//! Three greeters in one process: something for a registry to list. Each says hello over HTTP on a
//! port of its own, and tells on `/health` how it is. What they do is told on standard input, a line
//! for each thing, so that the demo can make them ill and well again:
//!
//! `1 status 429` from now on `/health` of the first one answers so; `2 close` and `2 open` its port;
//! `3 pass` it sends a heartbeat.

use std::io::{self, Write};
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU16, Ordering};

use anyhow::{Context, bail};
use axum::Router;
use axum::extract::Path;
use axum::http::StatusCode;
use axum::routing::get;
use l08_consul::ask;
use tokio::net::TcpListener;
use tokio::sync::mpsc::unbounded_channel;
use tokio::task::JoinHandle;

struct Greeter {
    number: usize,
    addr: SocketAddr,
    status: Arc<AtomicU16>,
    // None: the port is closed.
    open: Option<JoinHandle<()>>,
}

/// Runs them until standard input ends. Heartbeats go to `agent`.
pub async fn run(agent: SocketAddr) -> anyhow::Result<()> {
    let mut greeters = Vec::new();
    for number in 1..=3 {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let addr = listener.local_addr()?;
        let status = Arc::new(AtomicU16::new(200));
        let open = Some(tokio::spawn(serve(listener, number, status.clone())));
        greeters.push(Greeter {
            number,
            addr,
            status,
            open,
        });
    }
    let addresses: Vec<_> = greeters.iter().map(|it| it.addr.to_string()).collect();
    println!("listening on {}", addresses.join(" "));
    io::stdout().flush()?;
    // A thread of its own: reading standard input cannot be cancelled.
    let (give, mut orders) = unbounded_channel();
    std::thread::spawn(move || {
        for order in io::stdin().lines().map_while(Result::ok) {
            if give.send(order).is_err() {
                return;
            }
        }
    });
    while let Some(order) = orders.recv().await {
        match obey(&mut greeters, &order, agent).await {
            // Said and flushed, so that the program that gave the order knows that it was carried out.
            Ok(()) => println!("done: {order}"),
            Err(error) => println!("not done: {order}: {error:#}"),
        }
        io::stdout().flush()?;
    }
    Ok(())
}

async fn obey(greeters: &mut [Greeter], order: &str, agent: SocketAddr) -> anyhow::Result<()> {
    let words: Vec<&str> = order.split_whitespace().collect();
    let (first, rest) = words.split_first().context("an order is not empty")?;
    let greeter = greeters
        .iter_mut()
        .find(|it| it.number.to_string() == *first);
    let greeter = greeter.context("there are greeters 1, 2 and 3")?;
    match rest {
        ["status", code] => greeter.status.store(code.parse()?, Ordering::Relaxed),
        ["close"] => {
            if let Some(task) = greeter.open.take() {
                task.abort();
                // The port is free when the task is gone, and not when it was told to go.
                drop(task.await);
            }
        }
        ["open"] if greeter.open.is_none() => {
            let listener = TcpListener::bind(greeter.addr).await?;
            let task = serve(listener, greeter.number, greeter.status.clone());
            greeter.open = Some(tokio::spawn(task));
        }
        [word @ ("pass" | "warn" | "fail"), check] => {
            let answer = ask::put(agent, &format!("/v1/agent/check/{word}/{check}"), "").await?;
            if answer.status != 200 {
                bail!("{}", answer.body.trim());
            }
        }
        _ => bail!("no such order"),
    }
    Ok(())
}

async fn serve(listener: TcpListener, number: usize, status: Arc<AtomicU16>) {
    let greet =
        async move |Path(name): Path<String>| format!("hello {name}, from greeter-{number}");
    let health = async move || {
        let code = status.load(Ordering::Relaxed);
        let words = match code {
            200 => "fine",
            429 => "more to do than I can",
            _ => "broken",
        };
        let code = StatusCode::from_u16(code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        (code, words)
    };
    let greeter = Router::new()
        .route("/greet/{name}", get(greet))
        .route("/health", get(health))
        .fallback((StatusCode::NOT_FOUND, "greet/NAME or health"));
    // It ends with the task that it is.
    let _ = axum::serve(listener, greeter).await;
}
