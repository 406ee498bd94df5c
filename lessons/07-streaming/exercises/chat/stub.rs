use l07_streaming::pb::{ChatRequest, ChatResponse};
use l07_streaming::room::{Announcer, Listener};
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tokio_stream::{Stream, StreamExt};
use tonic::Status;

/// The stream of replies.
pub type Replies = ReceiverStream<Result<ChatResponse, Status>>;

/// The tonic method `Chat`: many requests, many replies. It connects a client to a chat room. Each text of the
/// client goes to the other members with `announcer.announce`. Each text of the others, from
/// `listener.next()`, goes to the client as a reply with `answers: 0`.
///
/// * Return the stream at once: the call begins when this function returns, and the client may send its
///   first text only then.
/// * The two directions are independent. While one side is silent, the texts of the other side still arrive.
/// * When `requests` ends (half-close), the client has finished sending: drop the announcer, and go on
///   with the replies.
/// * When `listener.next()` returns `None`, no text can follow: end the replies.
/// * When the client is gone, leave the room: drop announcer and listener. It is gone when `requests` gives
///   an error, or when the replies are dropped; the second may be all that you see.
pub async fn chat<S>(
    mut requests: S,
    announcer: Announcer,
    mut listener: Listener,
) -> Result<Replies, Status>
where
    S: Stream<Item = Result<ChatRequest, Status>> + Send + Unpin + 'static,
{
    let (out, replies) = mpsc::channel(8);
    tokio::spawn(async move {
        while let Some(Ok(request)) = requests.next().await {
            announcer.announce(&request.text);
            let Some(text) = listener.next().await else {
                return;
            };
            let reply = ChatResponse { text, answers: 0 };
            if out.send(Ok(reply)).await.is_err() {
                return;
            }
        }
    });
    Ok(ReceiverStream::new(replies))
}
