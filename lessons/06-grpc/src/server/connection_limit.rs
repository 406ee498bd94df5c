//! The connection limit. Each connection needs a permit; while none is free, the server closes a new
//! connection at once. It also closes a connection that does not send its first bytes in time: HTTP/2
//! begins with 24 fixed bytes of the client (RFC 9113, section 3.4), and until they have arrived no other
//! timeout of the server runs.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Sleep, sleep};
use tokio_stream::Stream;
use tonic::transport::server::{Connected, TcpConnectInfo};

/// `PRI * HTTP/2.0`, an empty line, `SM`, an empty line.
const PREFACE: usize = 24;

/// A listener that accepts a limited number of connections at the same time.
pub struct ConnectionLimit {
    listener: TcpListener,
    permits: Arc<Semaphore>,
    handshake: Duration,
    /// Runs after an accept that failed: no file handles left, for example. Trying again at once
    /// would only keep a core busy.
    pause: Option<Pin<Box<Sleep>>>,
}

impl ConnectionLimit {
    /// At most `connections` at the same time; a client sends its first bytes within `handshake`.
    pub fn new(listener: TcpListener, connections: usize, handshake: Duration) -> Self {
        ConnectionLimit {
            listener,
            permits: Arc::new(Semaphore::new(connections)),
            handshake,
            pause: None,
        }
    }
}

impl Stream for ConnectionLimit {
    type Item = io::Result<LimitedConnection>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        loop {
            if let Some(pause) = &mut self.pause {
                if pause.as_mut().poll(cx).is_pending() {
                    return Poll::Pending;
                }
                self.pause = None;
            }
            let stream = match self.listener.poll_accept(cx) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(Ok((stream, _))) => stream,
                Poll::Ready(Err(_)) => {
                    self.pause = Some(Box::pin(sleep(Duration::from_millis(100))));
                    continue;
                }
            };
            // Without a permit the stream is dropped here: a closed connection is clearer than a long wait.
            if let Ok(permit) = Arc::clone(&self.permits).try_acquire_owned() {
                // Send small frames at once, and do not collect them.
                let _ = stream.set_nodelay(true);
                let handshake = Some(Box::pin(sleep(self.handshake)));
                return Poll::Ready(Some(Ok(LimitedConnection {
                    stream,
                    received: 0,
                    handshake,
                    _permit: permit,
                })));
            }
        }
    }
}

/// A connection with its permit, which is free again when this is dropped.
pub struct LimitedConnection {
    stream: TcpStream,
    received: usize,
    /// The time for the first bytes; `None` once they have arrived.
    handshake: Option<Pin<Box<Sleep>>>,
    _permit: OwnedSemaphorePermit,
}

impl AsyncRead for LimitedConnection {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        if let Poll::Ready(done) = Pin::new(&mut self.stream).poll_read(cx, buf) {
            self.received += buf.filled().len() - before;
            if self.received >= PREFACE {
                self.handshake = None;
            }
            return Poll::Ready(done);
        }
        match &mut self.handshake {
            Some(handshake) => handshake
                .as_mut()
                .poll(cx)
                .map(|()| Err(io::ErrorKind::TimedOut.into())),
            None => Poll::Pending,
        }
    }
}

impl AsyncWrite for LimitedConnection {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        parts: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(cx, parts)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

impl Connected for LimitedConnection {
    type ConnectInfo = TcpConnectInfo;

    fn connect_info(&self) -> TcpConnectInfo {
        self.stream.connect_info()
    }
}
