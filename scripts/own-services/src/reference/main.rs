//! The reference answer: one service with all stages.

mod captcha;
mod consul;
mod counter;
mod etcd;
mod greeter;
#[path = "../http.rs"]
mod http;
mod http_api;
mod json_rpc;
mod lines;
mod neighbours;
mod stream;

use std::env;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};

#[tokio::main]
async fn main() -> io::Result<()> {
    let limits = lines::Limits {
        connections: number("MAX_CONNECTIONS", 100),
        line: Duration::from_millis(number("LINE_TIMEOUT_MS", 10_000) as u64),
    };
    let lines = listen("TCP_ADDR", "127.0.0.1:7001").await?;
    let json_rpc = listen("JSON_RPC_ADDR", "127.0.0.1:7002").await?;
    let grpc = listen("GRPC_ADDR", "127.0.0.1:7003").await?;
    let http = listen("HTTP_ADDR", "127.0.0.1:7004").await?;
    let consul = env::var("CONSUL_ADDR").unwrap_or_else(|_| "127.0.0.1:8500".into());
    let [mottos, tickets] = ["motto", "ticket"].map(|name| {
        let neighbours = neighbours::Neighbours::new(name);
        tokio::spawn(neighbours.clone().follow(consul.clone()));
        neighbours
    });
    let redis = env::var("REDIS_ADDR").unwrap_or_else(|_| "127.0.0.1:6379".into());
    let counter = counter::Counter::new(&redis).map_err(io::Error::other)?;
    let answers = Arc::new(greeter::Answers {
        mottos,
        tickets,
        counter,
    });
    let captchas = captcha::Captchas::new(env::var("CAPTCHA_ADDR").unwrap_or_default());
    let at = grpc.local_addr()?;
    let etcd = env::var("ETCD_ADDR").unwrap_or_else(|_| "127.0.0.1:2379".into());
    let lease = etcd::Lease::default();
    let in_etcd = env::var("REGISTRY").is_ok_and(|registry| registry == "etcd");
    let kept = if in_etcd {
        tokio::spawn(etcd::keep_registered(etcd.clone(), at, lease.clone()))
    } else {
        tokio::spawn(consul::keep_registered(consul.clone(), at))
    };
    let mut term = signal(SignalKind::terminate())?;
    let stop = async move {
        term.recv().await;
        kept.abort();
        let _ = kept.await;
        if in_etcd {
            etcd::leave(&etcd, &lease).await;
        } else {
            consul::leave(&consul, at).await;
        }
    };
    tokio::select! {
        ended = lines::serve(lines, limits) => ended,
        ended = json_rpc::serve(json_rpc) => ended,
        ended = http_api::serve(http, Arc::clone(&answers), captchas) => ended,
        // Calls under way are finished: this ends when they have.
        ended = greeter::serve(grpc, answers, stop) => ended,
    }
}

async fn listen(name: &str, usual: &str) -> io::Result<TcpListener> {
    TcpListener::bind(env::var(name).unwrap_or_else(|_| usual.to_owned())).await
}

fn number(name: &str, usual: usize) -> usize {
    env::var(name)
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(usual)
}
