//! Stages 1 and 2: greetings by lines.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::time::timeout;

/// The longest name, in bytes.
const LONGEST: usize = 1024;

/// What one client may use.
#[derive(Clone, Copy)]
pub struct Limits {
    /// Connections at once.
    pub connections: usize,
    /// From the end of one line to the end of the next.
    pub line: Duration,
}

/// Serves clients until the listener fails.
pub async fn serve(listener: TcpListener, limits: Limits) -> io::Result<()> {
    let places = Arc::new(Semaphore::new(limits.connections));
    loop {
        let (mut stream, _) = listener.accept().await?;
        match Arc::clone(&places).try_acquire_owned() {
            Ok(place) => {
                tokio::spawn(async move {
                    // What ends one connection concerns no other one.
                    let _ = connection(stream, limits.line).await;
                    drop(place);
                });
            }
            Err(_) => {
                tokio::spawn(async move { stream.write_all(b"error: busy\n").await });
            }
        }
    }
}

async fn connection(mut stream: TcpStream, limit: Duration) -> io::Result<()> {
    let (read, mut write) = stream.split();
    let mut read = BufReader::new(read);
    loop {
        // The limit holds for the whole line, and so does the length.
        let mut line = Vec::new();
        let most = LONGEST as u64 + 2;
        timeout(limit, (&mut read).take(most).read_until(b'\n', &mut line)).await??;
        let whole = line.pop_if(|last| *last == b'\n').is_some();
        if whole {
            line.pop_if(|last| *last == b'\r');
        }
        let too_long = line.len() > LONGEST;
        let reply = match &line[..] {
            _ if too_long => b"error: line too long\n".to_vec(),
            _ if !whole => return Ok(()),
            [] => b"error: empty name\n".to_vec(),
            name => [b"hello ", name, b"\n"].concat(),
        };
        timeout(limit, write.write_all(&reply)).await??;
        if too_long {
            return Ok(());
        }
    }
}
