//! belief: an-error-ends-it-as-well
//! words: A stream that ends has ended well.
//! check: what_failed_is_not_finished
//! says: takes what came for everything

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, split};
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tokio_stream::{Stream, StreamExt};
use tonic::Status;

pub const PIECE: usize = 1024;

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
        while let Ok(n @ 1..) = from_socket.read(&mut piece).await {
            if out.send(piece[..n].to_vec()).await.is_err() {
                return;
            }
        }
    };
    let down = async move {
        let mut replies = call(ReceiverStream::new(requests)).await?;
        while let Some(Ok(reply)) = replies.next().await {
            let _ = to_socket.write_all(&reply).await;
        }
        let _ = to_socket.shutdown().await;
        Ok(())
    };
    let mut down = std::pin::pin!(down);
    tokio::select! {
        ended = &mut down => ended,
        () = up => down.await,
    }
}
