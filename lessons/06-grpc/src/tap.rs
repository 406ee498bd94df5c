//! A tap on the wire: it forwards bytes and counts them, and the connections. For the demo and for
//! `measure`; what the bytes mean is shown by `cargo workbook wire`.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// What has gone through.
#[derive(Debug, Default)]
pub struct Counts {
    connections: AtomicU64,
    there: AtomicU64,
    back: AtomicU64,
}

/// Counts at one moment; the difference of two is what has happened between them.
#[derive(Clone, Copy, Debug)]
pub struct Reading {
    /// Connections that were made.
    pub connections: u64,
    /// Bytes to the server.
    pub there: u64,
    /// Bytes to the clients.
    pub back: u64,
}

impl Reading {
    /// What has been added since an earlier one.
    #[must_use]
    pub fn since(self, earlier: Reading) -> Reading {
        Reading {
            connections: self.connections - earlier.connections,
            there: self.there - earlier.there,
            back: self.back - earlier.back,
        }
    }
}

impl Counts {
    /// The counts now.
    pub fn read(&self) -> Reading {
        Reading {
            connections: self.connections.load(Ordering::SeqCst),
            there: self.there.load(Ordering::SeqCst),
            back: self.back.load(Ordering::SeqCst),
        }
    }
}

/// Listens on a free port and forwards to `server`, until the program ends.
///
/// # Errors
/// If there is no port left.
pub async fn open(server: SocketAddr) -> io::Result<(SocketAddr, Arc<Counts>)> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let addr = listener.local_addr()?;
    let counts = Arc::new(Counts::default());
    let of_task = Arc::clone(&counts);
    tokio::spawn(async move {
        while let Ok((client, _)) = listener.accept().await {
            of_task.connections.fetch_add(1, Ordering::SeqCst);
            tokio::spawn(forward(client, server, Arc::clone(&of_task)));
        }
    });
    Ok((addr, counts))
}

async fn forward(client: TcpStream, server: SocketAddr, counts: Arc<Counts>) -> io::Result<()> {
    let server = TcpStream::connect(server).await?;
    client.set_nodelay(true)?;
    server.set_nodelay(true)?;
    let (from_client, to_client) = client.into_split();
    let (from_server, to_server) = server.into_split();
    // When one direction ends, the sockets are dropped, and so is the other one.
    tokio::select! {
        done = copy(from_client, to_server, &counts.there) => done,
        done = copy(from_server, to_client, &counts.back) => done,
    }
}

async fn copy(
    mut from: impl AsyncRead + Unpin,
    mut to: impl AsyncWrite + Unpin,
    count: &AtomicU64,
) -> io::Result<()> {
    let mut buf = vec![0; 16 << 10];
    loop {
        let n = from.read(&mut buf).await?;
        if n == 0 {
            return to.shutdown().await;
        }
        count.fetch_add(n as u64, Ordering::SeqCst);
        to.write_all(&buf[..n]).await?;
    }
}
