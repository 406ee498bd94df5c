//! The limit of connections. A connection takes a seat; when all seats are taken a new connection is closed
//! at once, and so is one that does not send its first bytes in time. HTTP/2 begins with 24 fixed bytes
//! of the client (RFC 9113, section 3.4), and until they are there no other clock of the server runs.

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

/// The connections that get a seat, one after the other.
pub struct Seats {
    listener: TcpListener,
    free: Arc<Semaphore>,
    patience: Duration,
    /// Runs after an accept that failed: no file handles left, for example. Trying again at once
    /// would only keep a core busy.
    pause: Option<Pin<Box<Sleep>>>,
}

impl Seats {
    /// So many seats; a client sends its first bytes within `patience`.
    pub fn new(listener: TcpListener, seats: usize, patience: Duration) -> Self {
        Seats {
            listener,
            free: Arc::new(Semaphore::new(seats)),
            patience,
            pause: None,
        }
    }
}

impl Stream for Seats {
    type Item = io::Result<Seated>;

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
            // Without a free seat the stream is dropped here: a clear no, in place of a long wait.
            if let Ok(seat) = Arc::clone(&self.free).try_acquire_owned() {
                // A frame that waits for company costs more than one that travels alone.
                let _ = stream.set_nodelay(true);
                let left = Some(Box::pin(sleep(self.patience)));
                return Poll::Ready(Some(Ok(Seated {
                    stream,
                    heard: 0,
                    left,
                    _seat: seat,
                })));
            }
        }
    }
}

/// A connection on its seat, which is free again when this is dropped.
pub struct Seated {
    stream: TcpStream,
    heard: usize,
    /// The time for the first bytes; `None` once they have come.
    left: Option<Pin<Box<Sleep>>>,
    _seat: OwnedSemaphorePermit,
}

impl AsyncRead for Seated {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        if let Poll::Ready(done) = Pin::new(&mut self.stream).poll_read(cx, buf) {
            self.heard += buf.filled().len() - before;
            if self.heard >= PREFACE {
                self.left = None;
            }
            return Poll::Ready(done);
        }
        match &mut self.left {
            Some(left) => left
                .as_mut()
                .poll(cx)
                .map(|()| Err(io::ErrorKind::TimedOut.into())),
            None => Poll::Pending,
        }
    }
}

impl AsyncWrite for Seated {
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

impl Connected for Seated {
    type ConnectInfo = TcpConnectInfo;

    fn connect_info(&self) -> TcpConnectInfo {
        self.stream.connect_info()
    }
}
