//! What the tests of this lesson share: a Consul of each kind, instances, and a server in the place of Consul
//! that answers what a test wants.
#![allow(
    dead_code,
    clippy::allow_attributes_without_reason,
    reason = "each test file uses a part"
)]

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use l08_consul::ask::put;
use l09_register::instance::Instance;
use l09_register::registry::Registry;
use l10_discover::cache::Freshness;
use l10_discover::caller::{CallOptions, Caller};
use l10_discover::health::{HealthyInstance, Query};
use l10_discover::watch::Snapshot;
use services::Side;
use services::consul::{Consul, Setup};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::time::{sleep, timeout};

/// How long to wait for what has to happen. The machine may be busy.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// Both kinds, unless `WORKBOOK_SERVICES` forces one.
pub fn sides() -> Vec<Side> {
    Side::to_test().unwrap()
}

/// A Consul of this kind, on a free port or on the given one.
pub async fn consul(side: Side, http_port: Option<u16>) -> Consul {
    Setup::of(side).at(http_port).start().await.unwrap()
}

/// A registration in Consul's own words.
pub async fn register_raw(consul: SocketAddr, json: &str) {
    let answer = put(consul, "/v1/agent/service/register", json).await;
    let answer = answer.unwrap();
    assert_eq!(answer.status, 200, "{json}: {}", answer.body);
}

/// Registers an instance without checks: it passes at once.
pub async fn register(registry: &Registry, name: &str, addr: SocketAddr) -> Instance {
    let mut instance = Instance::new(name, addr);
    instance.checks.clear();
    registry.register(&instance).await.unwrap();
    instance
}

/// Waits until this has happened.
pub async fn becomes<T: Clone>(
    of: &mut watch::Receiver<T>,
    what: &str,
    enough: impl FnMut(&T) -> bool,
) -> T {
    match timeout(PATIENCE, of.wait_for(enough)).await {
        Ok(Ok(value)) => value.clone(),
        Ok(Err(_)) => panic!("the watch has ended before: {what}"),
        Err(_) => panic!("never: {what}"),
    }
}

/// A list that the test writes by itself.
pub fn listed(addrs: &[SocketAddr]) -> Snapshot {
    let instances = addrs.iter().map(|addr| HealthyInstance {
        id: addr.to_string(),
        addr: *addr,
        tags: Vec::new(),
    });
    Snapshot {
        instances: instances.collect(),
        freshness: Freshness::Current,
        ..Snapshot::unknown()
    }
}

pub fn over(addrs: &[SocketAddr], options: CallOptions) -> (watch::Sender<Snapshot>, Caller) {
    let (tell, told) = watch::channel(listed(addrs));
    (tell, Caller::over(told, Query::named("greeter"), options))
}

/// A Consul that answers with what it was told, one answer a request; the last one from then on.
pub struct Scripted {
    pub addr: SocketAddr,
    asked: Arc<Mutex<Vec<String>>>,
}

/// One answer.
#[derive(Clone)]
pub enum Say {
    /// These bytes, and the connection ends.
    Bytes(Vec<u8>),
    /// Nothing, and the connection stays open.
    Nothing,
    /// These bytes, one a tenth of a second.
    Slowly(Vec<u8>),
}

/// An answer as Consul gives it.
pub fn answer(status: u16, index: &str, body: &str) -> Say {
    let length = body.len();
    Say::Bytes(
        format!(
            "HTTP/1.1 {status} Words\r\nContent-Type: application/json\r\nX-Consul-Index: {index}\r\n\
             Connection: close\r\nContent-Length: {length}\r\n\r\n{body}"
        )
        .into_bytes(),
    )
}

/// A list with these ports of 127.0.0.1.
pub fn list(ports: &[u16]) -> String {
    let entries = ports.iter().map(|port| {
        format!(
            r#"{{"Node":{{"Address":"127.0.0.1"}},"Service":{{"ID":"g{port}","Service":"greeter","Tags":null,"Address":"","Port":{port}}},"Checks":[]}}"#
        )
    });
    format!("[{}]", entries.collect::<Vec<_>>().join(","))
}

impl Scripted {
    pub async fn start(script: Vec<Say>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let addr = listener.local_addr().unwrap();
        let asked = Arc::new(Mutex::new(Vec::new()));
        let log = Arc::clone(&asked);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (log, script) = (Arc::clone(&log), script.clone());
                tokio::spawn(async move {
                    let _ = Self::serve(stream, &log, &script).await;
                });
            }
        });
        Scripted { addr, asked }
    }

    async fn serve(
        mut stream: TcpStream,
        log: &Mutex<Vec<String>>,
        script: &[Say],
    ) -> std::io::Result<()> {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(stream.read_u8().await?);
        }
        let head = String::from_utf8_lossy(&head);
        let line = head.lines().next().unwrap_or_default().to_string();
        let say = {
            let mut log = log.lock().unwrap();
            log.push(line);
            script.get(log.len() - 1).or(script.last()).cloned()
        };
        match say {
            Some(Say::Bytes(bytes)) => stream.write_all(&bytes).await?,
            Some(Say::Slowly(bytes)) => {
                for byte in bytes {
                    stream.write_u8(byte).await?;
                    sleep(Duration::from_millis(100)).await;
                }
            }
            _ => std::future::pending().await,
        }
        Ok(())
    }

    /// The request lines so far.
    pub fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }

    /// The indexes that were asked with.
    pub fn indexes(&self) -> Vec<u64> {
        let index = |line: &String| {
            let (_, rest) = line.split_once("index=").unwrap();
            let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
            digits.parse().unwrap()
        };
        self.asked().iter().map(index).collect()
    }

    /// Waits for so many requests.
    pub async fn heard(&self, requests: usize) {
        let heard = async {
            while self.asked().len() < requests {
                sleep(Duration::from_millis(5)).await;
            }
        };
        if timeout(PATIENCE, heard).await.is_err() {
            panic!("only {:?}", self.asked());
        }
    }
}
