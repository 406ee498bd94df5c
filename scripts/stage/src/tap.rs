//! A tap on the wire: a TCP forwarder that counts connections and bytes, and keeps the bytes if asked to.
//! What the bytes mean is shown by `cargo workbook wire`.

use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::lock;

/// An open tap. It forwards until the program ends, also after this value is dropped.
#[derive(Clone, Debug)]
pub struct Tap {
    /// Where clients connect to instead of the server.
    pub addr: SocketAddr,
    seen: Arc<Seen>,
}

#[derive(Debug, Default)]
struct Seen {
    connections: AtomicU64,
    there: Direction,
    back: Direction,
}

#[derive(Debug, Default)]
struct Direction {
    count: AtomicU64,
    /// `None`: they are only counted.
    bytes: Option<Mutex<Vec<u8>>>,
}

/// Counts at one moment; the difference of two is what has happened between them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reading {
    /// Connections that were made.
    pub connections: u64,
    /// Bytes to the server.
    pub there: u64,
    /// Bytes to the clients.
    pub back: u64,
}

impl Reading {
    /// Returns what has been added since an earlier reading.
    pub fn since(self, earlier: Reading) -> Reading {
        Reading {
            connections: self.connections - earlier.connections,
            there: self.there - earlier.there,
            back: self.back - earlier.back,
        }
    }
}

impl Tap {
    /// Listens on a free port of 127.0.0.1, forwards every connection to `server`, and counts.
    ///
    /// # Errors
    /// If there is no free port.
    pub async fn open(server: SocketAddr) -> io::Result<Self> {
        Self::start(server, Seen::default()).await
    }

    /// [`Tap::open`] that also keeps every byte, for [`Tap::contains`].
    ///
    /// # Errors
    /// If there is no free port.
    pub async fn keeping(server: SocketAddr) -> io::Result<Self> {
        let mut seen = Seen::default();
        seen.there.bytes = Some(Mutex::default());
        seen.back.bytes = Some(Mutex::default());
        Self::start(server, seen).await
    }

    async fn start(server: SocketAddr, seen: Seen) -> io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let addr = listener.local_addr()?;
        let seen = Arc::new(seen);
        let of_task = Arc::clone(&seen);
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                of_task.connections.fetch_add(1, Ordering::SeqCst);
                tokio::spawn(forward(client, server, Arc::clone(&of_task)));
            }
        });
        Ok(Tap { addr, seen })
    }

    /// The counts now.
    pub fn read(&self) -> Reading {
        let count = |counter: &AtomicU64| counter.load(Ordering::SeqCst);
        Reading {
            connections: count(&self.seen.connections),
            there: count(&self.seen.there.count),
            back: count(&self.seen.back.count),
        }
    }

    /// Returns whether these bytes passed, in either direction. Always false unless the tap was opened by
    /// [`Tap::keeping`].
    pub fn contains(&self, bytes: &[u8]) -> bool {
        self.passed(bytes).contains(&true)
    }

    /// Returns whether these bytes went to the server, and whether they came back from it. Always false unless
    /// the tap was opened by [`Tap::keeping`].
    pub fn passed(&self, bytes: &[u8]) -> [bool; 2] {
        [&self.seen.there, &self.seen.back].map(|side| {
            let kept = side.bytes.as_ref().map(lock);
            kept.is_some_and(|kept| kept.windows(bytes.len()).any(|window| window == bytes))
        })
    }
}

async fn forward(client: TcpStream, server: SocketAddr, seen: Arc<Seen>) -> io::Result<()> {
    let server = TcpStream::connect(server).await?;
    client.set_nodelay(true)?;
    server.set_nodelay(true)?;
    let (from_client, to_client) = client.into_split();
    let (from_server, to_server) = server.into_split();
    // The end of one direction is passed on and leaves the other open; an error ends both.
    tokio::try_join!(
        copy(from_client, to_server, &seen.there),
        copy(from_server, to_client, &seen.back),
    )?;
    Ok(())
}

async fn copy(
    mut from: impl AsyncRead + Unpin,
    mut to: impl AsyncWrite + Unpin,
    seen: &Direction,
) -> io::Result<()> {
    let mut buf = vec![0; 64 << 10];
    loop {
        let n = from.read(&mut buf).await?;
        if n == 0 {
            return to.shutdown().await;
        }
        seen.count.fetch_add(n as u64, Ordering::SeqCst);
        if let Some(kept) = &seen.bytes {
            lock(kept).extend_from_slice(&buf[..n]);
        }
        to.write_all(&buf[..n]).await?;
    }
}
