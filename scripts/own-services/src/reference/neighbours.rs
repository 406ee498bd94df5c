//! Stages 9 and 11: the healthy instances of another service, as Consul last listed them, and calls of them.

use std::io;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use serde_json::Value;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};
use tonic::Status;

use crate::http::ask_with_index;

/// An attempt ends after this time.
const ATTEMPT: Duration = Duration::from_millis(300);

/// The list, shared by all calls.
#[derive(Clone)]
pub struct Neighbours {
    name: &'static str,
    list: Arc<RwLock<Vec<String>>>,
    turn: Arc<AtomicUsize>,
}

impl Neighbours {
    /// The healthy instances of the service `name`.
    pub fn new(name: &'static str) -> Self {
        Self {
            name,
            list: Arc::default(),
            turn: Arc::default(),
        }
    }

    /// The addresses of the healthy instances; each call begins with the next one.
    fn in_turn(&self) -> Vec<String> {
        let list = self.list.read().unwrap_or_else(PoisonError::into_inner);
        let mut list = list.clone();
        let turn = self.turn.fetch_add(1, Ordering::Relaxed);
        let first = turn.checked_rem(list.len()).unwrap_or_default();
        list.rotate_left(first);
        list
    }

    /// The line of an instance. To read it twice does no harm, so each instance gets an attempt until one answers.
    pub async fn read(&self) -> Result<String, Status> {
        let mut last = Status::unavailable(format!("no instance of {} is healthy", self.name));
        for addr in self.in_turn() {
            match timeout(ATTEMPT, line(&addr)).await {
                Ok(Ok(line)) => return Ok(line),
                Ok(Err(e)) => last = Status::unavailable(format!("{addr}: {e}")),
                Err(_) => last = Status::unavailable(format!("{addr}: no line in time")),
            }
        }
        Err(last)
    }

    /// Sends `take` to an instance and returns its reply. Only a connection is tried again: once the line was sent, it
    /// may have had its effect.
    pub async fn take(&self) -> Result<String, Status> {
        for addr in self.in_turn() {
            let Ok(Ok(mut stream)) = timeout(ATTEMPT, TcpStream::connect(&addr)).await else {
                continue;
            };
            let taking = async {
                stream.write_all(b"take\n").await?;
                one_line(stream).await
            };
            return match timeout(ATTEMPT, taking).await {
                Ok(taken) => taken.map_err(|e| Status::unavailable(format!("{addr}: {e}"))),
                Err(_) => Err(Status::unavailable(format!("{addr}: no reply in time"))),
            };
        }
        Err(Status::unavailable(format!(
            "no instance of {} accepts a connection",
            self.name
        )))
    }

    /// Follows the changes in the Consul at `consul`. While it is away, the last list stays.
    pub async fn follow(self, consul: String) {
        let mut index = 0;
        loop {
            match healthy(&consul, self.name, index).await {
                Ok((new, list)) => {
                    *self.list.write().unwrap_or_else(PoisonError::into_inner) = list;
                    index = new;
                }
                Err(_) => {
                    // Consul may come back with a smaller index.
                    index = 0;
                    sleep(Duration::from_millis(200)).await;
                }
            }
        }
    }
}

/// A blocking query: it is answered when the index is above `index`, or after the time to wait.
async fn healthy(consul: &str, name: &str, index: u64) -> io::Result<(u64, Vec<String>)> {
    let path = format!("/v1/health/service/{name}?passing=true&index={index}&wait=5s");
    let (index, entries) = ask_with_index(consul, "GET", &path, "").await?;
    let entries = entries.as_array().map_or(&[][..], Vec::as_slice);
    Ok((index, entries.iter().filter_map(address).collect()))
}

/// An entry without an address of its own has the one of its node.
fn address(entry: &Value) -> Option<String> {
    let service = &entry["Service"];
    let host = match service["Address"].as_str() {
        None | Some("") => entry["Node"]["Address"].as_str()?,
        Some(host) => host,
    };
    Some(format!("{host}:{}", service["Port"]))
}

/// The line that a neighbour sends to each client.
pub async fn line(addr: &str) -> io::Result<String> {
    one_line(TcpStream::connect(addr).await?).await
}

async fn one_line(stream: TcpStream) -> io::Result<String> {
    let line = BufReader::new(stream).lines().next_line().await?;
    line.ok_or_else(|| io::ErrorKind::UnexpectedEof.into())
}
