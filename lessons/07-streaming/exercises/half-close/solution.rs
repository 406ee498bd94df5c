//! Two directions, two loops, each with its own end. The upper one ends when the socket has no more to
//! read, and dropping the sender is what ends the requests; the lower one goes on, for the answer to
//! the last byte is still to come. The call as a whole is over when the replies are: then nobody
//! would read another request, so nobody waits for one. The call itself is made inside of the lower
//! loop, since a server may want to read something before it begins to answer.

use std::io;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, split};
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tokio_stream::{Stream, StreamExt};
use tonic::Status;

/// The longest piece.
pub const PIECE: usize = 1024;

/// Carries a connection through a call with many requests and many replies.
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
    let up = async move {
        let mut piece = vec![0; PIECE];
        // An error of the socket ends the requests, too: nothing more will come from it.
        while let Ok(n @ 1..) = from_socket.read(&mut piece).await {
            if out.send(piece[..n].to_vec()).await.is_err() {
                return;
            }
        }
        // `out` is dropped here: the requests have ended.
    };
    let down = async move {
        let mut replies = call(ReceiverStream::new(requests)).await?;
        while let Some(reply) = replies.next().await {
            to_socket.write_all(&reply?).await.map_err(gone)?;
        }
        to_socket.shutdown().await.map_err(gone)
    };
    let mut down = std::pin::pin!(down);
    tokio::select! {
        ended = &mut down => ended,
        () = up => down.await,
    }
}

/// Nobody reads at the socket any more.
fn gone(error: io::Error) -> Status {
    Status::cancelled(format!("the socket: {error}"))
}
