use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tokio_stream::{Stream, StreamExt};
use tonic::Status;

/// The longest piece.
pub const PIECE: usize = 1024;

/// Carries a connection through a call with many requests and many replies: what is read from the
/// socket goes into requests, what the replies bring is written to the socket. `call` makes the
/// call: it takes the stream of requests and gives the stream of replies.
///
/// * Both directions flow at the same time, and neither waits for the other.
/// * The socket's reading side ends: the requests end, and the replies go on.
/// * The replies end: so does the call, and the tunnel. The socket is shut down and dropped.
/// * The call fails: this returns its status.
pub async fn tunnel<T, S>(
    mut socket: T,
    call: impl AsyncFnOnce(ReceiverStream<Vec<u8>>) -> Result<S, Status>,
) -> Result<(), Status>
where
    T: AsyncRead + AsyncWrite + Unpin,
    S: Stream<Item = Result<Vec<u8>, Status>> + Unpin,
{
    let (out, requests) = mpsc::channel(1);
    let mut replies = call(ReceiverStream::new(requests)).await?;
    let mut piece = vec![0; PIECE];
    loop {
        tokio::select! {
            read = socket.read(&mut piece) => match read {
                Ok(n) if n > 0 => {
                    let _ = out.send(piece[..n].to_vec()).await;
                }
                _ => return Ok(()),
            },
            reply = replies.next() => match reply {
                Some(reply) => {
                    let _ = socket.write_all(&reply?).await;
                }
                None => return Ok(()),
            },
        }
    }
}
