//! A piece of wire that keeps what passes, for the demo and for `measure`.

use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// What has passed so far.
#[derive(Clone, Default)]
pub struct Seen(Arc<Mutex<[Vec<u8>; 2]>>);

impl Seen {
    /// How many bytes went there and came back.
    pub fn bytes(&self) -> (usize, usize) {
        let [there, back] = &*self.0.lock().unwrap_or_else(PoisonError::into_inner);
        (there.len(), back.len())
    }

    /// Whether these bytes passed, in either direction.
    pub fn contains(&self, bytes: &[u8]) -> bool {
        let seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        seen.iter()
            .any(|seen| seen.windows(bytes.len()).any(|window| window == bytes))
    }

    fn add(&self, direction: usize, bytes: &[u8]) {
        let mut seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        seen[direction].extend_from_slice(bytes);
    }
}

/// Listens on a free port and carries one connection to `to`.
pub async fn open(to: SocketAddr) -> io::Result<(SocketAddr, Seen)> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let addr = listener.local_addr()?;
    let seen = Seen::default();
    let of_task = seen.clone();
    tokio::spawn(async move {
        let (near, _) = listener.accept().await?;
        let far = TcpStream::connect(to).await?;
        near.set_nodelay(true)?;
        far.set_nodelay(true)?;
        let (from_near, to_near) = near.into_split();
        let (from_far, to_far) = far.into_split();
        tokio::try_join!(
            carry(from_near, to_far, 0, &of_task),
            carry(from_far, to_near, 1, &of_task)
        )
    });
    Ok((addr, seen))
}

async fn carry(
    mut from: impl AsyncRead + Unpin,
    mut to: impl AsyncWrite + Unpin,
    direction: usize,
    seen: &Seen,
) -> io::Result<()> {
    let mut bytes = vec![0; 64 * 1024];
    loop {
        let n = from.read(&mut bytes).await?;
        if n == 0 {
            return to.shutdown().await;
        }
        seen.add(direction, &bytes[..n]);
        to.write_all(&bytes[..n]).await?;
    }
}
