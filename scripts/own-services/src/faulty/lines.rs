//! Stages 1 and 2, with faults.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::OwnedWriteHalf;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, mpsc};
use tokio::time::{Instant, timeout_at};

use crate::{fault, number};

pub async fn serve(listener: TcpListener) -> io::Result<()> {
    let most = number("MAX_CONNECTIONS") - usize::from(fault("one-too-few"));
    let places = Arc::new(Semaphore::new(most));
    let mut served = 0;
    loop {
        let (mut stream, _) = listener.accept().await?;
        if fault("no-connection-limit") {
            tokio::spawn(connection(stream));
            continue;
        }
        match Arc::clone(&places).try_acquire_owned() {
            // The first connection is the one that looks whether the service is ready.
            Ok(_) if fault("one-client") && served > 1 => std::future::pending().await,
            Ok(_) if fault("one-after-the-other") || fault("one-client") => {
                served += 1;
                let _ = connection(stream).await;
            }
            Ok(place) if fault("never-freed") => {
                place.forget();
                tokio::spawn(connection(stream));
            }
            Ok(place) => {
                tokio::spawn(async move {
                    let _ = connection(stream).await;
                    drop(place);
                });
            }
            Err(_) => {
                tokio::spawn(async move { stream.write_all(b"error: busy\n").await });
            }
        }
    }
}

/// Where replies go: to the connection, or into a queue that never ends.
enum Replies {
    Direct(OwnedWriteHalf),
    Queue(mpsc::UnboundedSender<Vec<u8>>),
}

impl Replies {
    fn new(mut write: OwnedWriteHalf) -> Self {
        if !fault("unbounded-replies") {
            return Self::Direct(write);
        }
        let (sender, mut queue) = mpsc::unbounded_channel::<Vec<u8>>();
        tokio::spawn(async move {
            while let Some(reply) = queue.recv().await {
                if write.write_all(&reply).await.is_err() {
                    return;
                }
            }
        });
        Self::Queue(sender)
    }

    async fn send(&mut self, reply: Vec<u8>) -> io::Result<()> {
        match self {
            Self::Direct(write) => write.write_all(&reply).await,
            Self::Queue(queue) => queue.send(reply).map_err(io::Error::other),
        }
    }
}

async fn connection(stream: TcpStream) -> io::Result<()> {
    let (mut read, write) = stream.into_split();
    let mut replies = Replies::new(write);
    let mut limit = Duration::from_millis(number("LINE_TIMEOUT_MS") as u64);
    if fault("no-timeout") {
        limit = Duration::from_secs(60);
    }
    if fault("too-early") {
        limit /= 4;
    }
    let longest = if fault("limit-too-small") { 1023 } else { 1024 };
    let mut buffer: Vec<u8> = Vec::new();
    let mut piece = [0; 8192];
    let mut until = Instant::now() + limit;
    let mut waits = fault("reads-to-end");
    loop {
        while let Some(end) = buffer.iter().position(|b| *b == b'\n' && !waits) {
            let mut line: Vec<u8> = buffer.drain(..=end).collect();
            line.pop();
            if !fault("keeps-cr") && !fault("forks") && !fault("floods") && !fault("ignores-term") {
                line.pop_if(|last| *last == b'\r');
            }
            if fault("trims") {
                line = line.trim_ascii().to_vec();
            }
            if line.len() > longest && !fault("no-line-limit") {
                return replies.send(b"error: line too long\n".to_vec()).await;
            }
            if fault("exits") && line.is_empty() {
                eprintln!("fatal: a name is empty");
                std::process::exit(3);
            }
            assert!(!fault("panics") || !line.is_empty(), "no name");
            replies.send(reply(&line)).await?;
            until = Instant::now() + limit;
            if fault("one-line-a-read") {
                buffer.clear();
            }
            if fault("one-request") {
                return Ok(());
            }
        }
        if buffer.len() > longest + 1 && !fault("no-line-limit") {
            return replies.send(b"error: line too long\n".to_vec()).await;
        }
        if fault("timeout-each-read") {
            until = Instant::now() + limit;
        }
        let count = timeout_at(until, read.read(&mut piece)).await??;
        if count == 0 && std::mem::take(&mut waits) {
            continue;
        }
        if count == 0 {
            if fault("never-closes") {
                tokio::time::sleep(Duration::from_secs(5)).await;
            }
            if fault("greets-rest") && !buffer.is_empty() {
                replies.send(reply(&buffer)).await?;
            }
            return Ok(());
        }
        let arrived = &piece[..count];
        if fault("pieces-are-text") {
            buffer.extend_from_slice(String::from_utf8_lossy(arrived).as_bytes());
        } else {
            buffer.extend_from_slice(arrived);
        }
        if fault("one-read") {
            let line = buffer.trim_ascii_end().to_vec();
            buffer.clear();
            replies.send(reply(&line)).await?;
        }
    }
}

fn reply(name: &[u8]) -> Vec<u8> {
    if name.is_empty() {
        b"error: empty name\n".to_vec()
    } else if fault("no-newline") {
        [b"hello ", name].concat()
    } else {
        [b"hello ", name, b"\n"].concat()
    }
}
