//! One service with one fault, chosen by `--fault NAME`. The judge must reject each of them with the right words.

mod consul;
mod counter;
mod etcd;
mod greeter;
#[path = "../http.rs"]
mod http;
mod http_api;
mod json_rpc;
mod lines;
mod mottos;
mod stream;

use std::env;
use std::io;
use std::net::SocketAddr;
use std::process::{Command, Stdio};
use std::sync::OnceLock;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};

static FAULT: OnceLock<String> = OnceLock::new();

/// Whether this is the fault that was chosen.
fn fault(name: &str) -> bool {
    FAULT.get().is_some_and(|fault| fault == name)
}

#[tokio::main]
async fn main() -> io::Result<()> {
    let chosen = env::args().skip_while(|word| word != "--fault").nth(1);
    let _ = FAULT.set(chosen.unwrap_or_default());
    if fault("ignores-term") {
        let mut ignored = signal(SignalKind::terminate())?;
        tokio::spawn(async move { while ignored.recv().await.is_some() {} });
    }
    if fault("forks") {
        let sleeper = "trap '' TERM; exec sleep 60";
        let _ = Command::new("setsid")
            .args(["sh", "-c", sleeper])
            .stdin(Stdio::null())
            .spawn()?;
    }
    if fault("floods") {
        std::thread::spawn(|| {
            loop {
                println!("{}", "flood ".repeat(2000));
            }
        });
    }
    if fault("own-port") {
        let _elsewhere = TcpListener::bind("127.0.0.1:0").await?;
        tokio::time::sleep(Duration::from_secs(60)).await;
    }
    let lines = listen("TCP_ADDR").await?;
    let json_rpc = listen("JSON_RPC_ADDR").await?;
    let registry = env::var("CONSUL_ADDR").unwrap_or_default();
    consul::wait(&registry).await?;
    let grpc = listen("GRPC_ADDR").await?;
    let http = listen("HTTP_ADDR").await?;
    let mottos = ["motto", "ticket"].map(mottos::Mottos::new);
    for each in &mottos {
        tokio::spawn(each.clone().follow(registry.clone()));
    }
    let at = grpc.local_addr()?;
    let in_etcd = env::var("REGISTRY").is_ok_and(|name| name == "etcd");
    let registry = if in_etcd && !fault("ignores-registry") {
        let (etcd, lease) = (
            env::var("ETCD_ADDR").unwrap_or_default(),
            etcd::Lease::default(),
        );
        tokio::spawn(etcd::keep_registered(etcd.clone(), at, lease.clone()));
        Registry::Etcd(etcd, lease)
    } else {
        tokio::spawn(consul::keep_registered(registry.clone(), at));
        Registry::Consul(registry)
    };
    tokio::select! {
        ended = lines::serve(lines) => ended,
        ended = json_rpc::serve(json_rpc) => ended,
        ended = http_api::serve(http) => ended,
        ended = greeter::serve(grpc, mottos, registry) => ended,
    }
}

/// Where this service is registered.
#[derive(Clone)]
enum Registry {
    Consul(String),
    Etcd(String, etcd::Lease),
}

impl Registry {
    async fn leave(&self, grpc: SocketAddr) {
        match self {
            Self::Consul(addr) => consul::leave(addr, grpc).await,
            Self::Etcd(addr, lease) => etcd::leave(addr, lease).await,
        }
    }
}

async fn listen(name: &str) -> io::Result<TcpListener> {
    TcpListener::bind(env::var(name).unwrap_or_else(|_| "127.0.0.1:0".to_owned())).await
}

fn number(name: &str) -> usize {
    env::var(name)
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(100)
}
