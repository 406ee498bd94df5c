//! Connections: not too many, none that never says what it wants, and none that outlives the server.
//! HTTP/2 itself has no limit of this kind, so it is put below it, where bytes are read and written.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};
use tokio::time::{Sleep, sleep};
use tokio_stream::wrappers::ReceiverStream;
use tonic::transport::server::{Connected, TcpConnectInfo};

/// Every HTTP/2 connection begins with these 24 bytes of the client; a TLS handshake with more.
const GREETING: usize = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".len();

/// Takes connections, at most `limit` at the same time. Who comes when all seats are taken is sent
/// away at once: a caller that is told so can go elsewhere, one that waits cannot know why.
pub(crate) fn take(
    listener: TcpListener,
    limit: usize,
    greeting: Duration,
) -> ReceiverStream<io::Result<Seat>> {
    let seats = Arc::new(Semaphore::new(limit));
    let (out, taken) = mpsc::channel(1);
    tokio::spawn(async move {
        loop {
            // Whoever serves the seats lets go of them when the server stops. Then the listener is
            // closed, and new callers are refused by the system.
            let stream = tokio::select! {
                () = out.closed() => return,
                accepted = listener.accept() => match accepted {
                    Ok((stream, _)) => stream,
                    Err(_) => {
                        // No file handles left, for example. Trying at once again keeps a core busy.
                        sleep(Duration::from_millis(50)).await;
                        continue;
                    }
                },
            };
            let Ok(seat) = Arc::clone(&seats).try_acquire_owned() else {
                continue;
            };
            // Small frames are sent at once, whatever the system thinks about their size.
            if stream.set_nodelay(true).is_err() {
                continue;
            }
            let seat = Seat {
                stream,
                greeting: Some((Box::pin(sleep(greeting)), 0)),
                _seat: seat,
            };
            if out.send(Ok(seat)).await.is_err() {
                return;
            }
        }
    });
    ReceiverStream::new(taken)
}

/// A connection.
pub(crate) struct Seat {
    stream: TcpStream,
    /// Until the client has said hello: how long it may take, and how much has come.
    greeting: Option<(Pin<Box<Sleep>>, usize)>,
    _seat: OwnedSemaphorePermit,
}

impl AsyncRead for Seat {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let Some((limit, so_far)) = &mut self.greeting else {
            return Pin::new(&mut self.stream).poll_read(cx, buf);
        };
        if limit.as_mut().poll(cx).is_ready() {
            return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
        }
        let (before, so_far) = (buf.filled().len(), *so_far);
        ready!(Pin::new(&mut self.stream).poll_read(cx, buf))?;
        let so_far = so_far + buf.filled().len() - before;
        match &mut self.greeting {
            Some(_) if so_far >= GREETING => self.greeting = None,
            Some((_, counted)) => *counted = so_far,
            None => {}
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Seat {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}

impl Connected for Seat {
    type ConnectInfo = TcpConnectInfo;

    fn connect_info(&self) -> Self::ConnectInfo {
        self.stream.connect_info()
    }
}
