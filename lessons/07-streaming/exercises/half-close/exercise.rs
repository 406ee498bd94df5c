use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, split};
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tokio_stream::{Stream, StreamExt};
use tonic::Status;

/// The most bytes in one request.
pub const PIECE: usize = 1024;

/// Carries a TCP connection through a call with many requests and many replies, as a tunnel: the bytes read from
/// `socket` go into requests, the bytes of the replies are written to `socket`. `call` makes the call: it
/// takes the stream of requests and returns the stream of replies.
///
/// * Both directions flow at the same time. A server may want to read requests before its call begins.
/// * When the socket has no more to read (its end, or an error), the requests end, and the replies go on.
/// * When the replies end, the call is over: return `Ok`, whether the socket has ended or not. Dropping the
///   socket closes it.
/// * When the call fails, at the beginning or later, return its status.
/// * When the socket cannot be written any more, return a status with the code `CANCELLED`.
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
                return;
            }
        }
    };
    let down = async {
        // Here, and not before `up`: the server may read requests before its call begins.
        let mut replies = call(ReceiverStream::new(requests)).await?;
        while let Some(Ok(reply)) = replies.next().await {
            let _ = to_socket.write_all(&reply).await;
        }
        Ok(())
    };
    tokio::select! {
        () = up => Ok(()),
        ended = down => ended,
    }
}
