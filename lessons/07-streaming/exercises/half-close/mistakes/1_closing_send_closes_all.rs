//! belief: closing-send-closes-all
//! words: Closing one direction closes the call.
//! check: the_answer_comes_after_the_last_byte
//! says: You stopped reading when you stopped sending

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
        while let Some(reply) = replies.next().await {
            let _ = to_socket.write_all(&reply?).await;
        }
        let _ = to_socket.shutdown().await;
        Ok(())
    };
    tokio::select! {
        ended = down => ended,
        () = up => Ok(()),
    }
}
