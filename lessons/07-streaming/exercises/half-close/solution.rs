//! Two directions, two loops, each with its own end. The upper one ends when the socket has no more to read. It
//! owns the sender, so the requests end with it; the lower one goes on, because the replies to the last
//! bytes are still to come. The call is over when the replies are: then no request would be read, and the
//! tunnel does not wait for one.

use std::future::pending;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, split};
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tokio_stream::{Stream, StreamExt};
use tonic::Status;

/// The most bytes in one request.
pub const PIECE: usize = 1024;

/// Carries a TCP connection through a call with many requests and many replies, as a tunnel.
pub async fn tunnel<T, S>(
    socket: T,
    call: impl AsyncFnOnce(ReceiverStream<Vec<u8>>) -> Result<S, Status>,
) -> Result<(), Status>
where
    T: AsyncRead + AsyncWrite + Unpin,
    S: Stream<Item = Result<Vec<u8>, Status>> + Unpin,
{
    let (mut from_socket, mut to_socket) = split(socket);
    let (out, requests) = mpsc::channel(1);
    let up = async {
        let mut piece = vec![0; PIECE];
        while let Ok(n @ 1..) = from_socket.read(&mut piece).await {
            if out.send(piece[..n].to_vec()).await.is_err() {
                break;
            }
        }
        // Ends the requests.
        drop(out);
        pending().await
    };
    let down = async {
        // Here, and not before `up`: the server may read requests before its call begins.
        let mut replies = call(ReceiverStream::new(requests)).await?;
        while let Some(reply) = replies.next().await {
            let written = to_socket.write_all(&reply?).await;
            written.map_err(|error| Status::cancelled(format!("the socket: {error}")))?;
        }
        Ok(())
    };
    tokio::select! {
        () = up => Ok(()),
        ended = down => ended,
    }
}
