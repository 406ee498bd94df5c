//! Stages 9 and 11, with faults.

use std::io;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};
use tonic::Status;

use crate::fault;
use crate::http::ask_with_index;

#[derive(Clone)]
pub struct Mottos {
    name: &'static str,
    list: Arc<RwLock<Vec<String>>>,
    consul: Arc<RwLock<String>>,
}

impl Mottos {
    pub fn new(name: &'static str) -> Self {
        Self {
            name,
            list: Arc::default(),
            consul: Arc::default(),
        }
    }

    /// The addresses of the instances.
    async fn all(&self) -> Option<Vec<String>> {
        if fault("asks-each-call") {
            let consul = self.consul.read().ok()?.clone();
            return Some(healthy(&consul, self.name, 0).await.ok()?.1);
        }
        Some(self.list.read().ok()?.clone())
    }

    /// The line of an instance.
    pub async fn read(&self) -> Result<String, Status> {
        let mut last = if fault("internal-for-none") {
            Status::internal("no instance is healthy")
        } else {
            Status::unavailable("no instance is healthy")
        };
        for addr in self.all().await.unwrap_or_default().into_iter().rev() {
            let limit = Duration::from_millis(if fault("no-attempt-limit") { 5000 } else { 300 });
            let connected = match timeout(limit, TcpStream::connect(&addr)).await {
                Ok(Ok(stream)) => stream,
                _ if fault("one-attempt") => return Err(Status::unavailable("refused")),
                _ => continue,
            };
            match timeout(limit, one_line(connected)).await {
                Ok(Ok(line)) => return Ok(line),
                Ok(Err(_)) if fault("sick-is-final") => {
                    return Err(Status::unavailable("closed"));
                }
                Err(_) if fault("slow-is-final") => return Err(Status::unavailable("slow")),
                _ => last = Status::unavailable("no line"),
            }
        }
        Err(last)
    }

    /// One ticket.
    pub async fn take(&self) -> Result<String, Status> {
        for addr in self.all().await.unwrap_or_default() {
            let limit = Duration::from_millis(300);
            let mut stream = match timeout(limit, TcpStream::connect(&addr)).await {
                Ok(Ok(stream)) => stream,
                _ if fault("never-repeats") => return Err(Status::unavailable("refused")),
                _ => continue,
            };
            let taking = async {
                stream.write_all(b"take\n").await?;
                one_line(stream).await
            };
            match timeout(limit, taking).await {
                Ok(Ok(line)) => return Ok(line),
                Ok(Err(_)) if fault("repeats-all") => {}
                Err(_) if fault("repeats-after-limit") => {}
                _ if fault("internal-for-lost") => return Err(Status::internal("no reply")),
                _ => return Err(Status::unavailable("no reply")),
            }
        }
        Err(Status::unavailable("no instance"))
    }

    fn set(&self, list: Vec<String>) {
        if !(fault("keeps-last") && list.is_empty()) {
            *self.list.write().unwrap_or_else(PoisonError::into_inner) = list;
        }
    }

    pub async fn follow(self, consul: String) {
        if let Ok(mut kept) = self.consul.write() {
            kept.clone_from(&consul);
        }
        let mut index = 0;
        loop {
            match healthy(&consul, self.name, index).await {
                Ok((new, list)) => {
                    index = new;
                    self.set(list);
                    if fault("asks-once") {
                        return;
                    }
                }
                Err(_) => {
                    if fault("watch-ends") {
                        return;
                    }
                    if fault("forgets") {
                        self.set(Vec::new());
                    }
                    index = 0;
                    sleep(Duration::from_millis(200)).await;
                }
            }
        }
    }
}

async fn healthy(consul: &str, name: &str, index: u64) -> io::Result<(u64, Vec<String>)> {
    let passing = if fault("calls-all") {
        ""
    } else {
        "passing=true&"
    };
    let path = format!("/v1/health/service/{name}?{passing}index={index}&wait=5s");
    let (index, entries) = ask_with_index(consul, "GET", &path, "").await?;
    let entries = entries.as_array().cloned().unwrap_or_default();
    let address = |entry: &serde_json::Value| {
        let service = &entry["Service"];
        Some(format!(
            "{}:{}",
            service["Address"].as_str()?,
            service["Port"]
        ))
    };
    Ok((index, entries.iter().filter_map(address).collect()))
}

async fn one_line(stream: TcpStream) -> io::Result<String> {
    let line = BufReader::new(stream).lines().next_line().await?;
    line.ok_or_else(|| io::ErrorKind::UnexpectedEof.into())
}
