use l07_streaming::pb::{ChatRequest, ChatResponse};
use l07_streaming::room::{Ears, Mouth};
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tokio_stream::{Stream, StreamExt};
use tonic::Status;

/// What the caller gets.
pub type Replies = ReceiverStream<Result<ChatResponse, Status>>;

/// A method with many requests and many replies. It connects a caller with a room in which others
/// are: what the caller says is said there with `mouth.say`, and what the others say comes out of
/// `ears.next()` and goes to the caller, as a text with `answers: 0`.
///
/// * The call begins when this returns: only then the caller's program goes on. Perhaps it has
///   nothing to say before.
/// * Nobody waits for their turn. Either side may be silent for an hour while the other one talks.
/// * The caller has finished (`requests` ends): drop the mouth, so that the room knows. The caller
///   still hears the others, until `ears.next()` is `None`; then the replies end as well.
/// * The caller is gone (`requests` gives an error, or the replies were dropped): leave at once, with
///   mouth and ears.
pub async fn chat<S>(mut requests: S, mouth: Mouth, mut ears: Ears) -> Result<Replies, Status>
where
    S: Stream<Item = Result<ChatRequest, Status>> + Send + Unpin + 'static,
{
    let (out, replies) = mpsc::channel(8);
    tokio::spawn(async move {
        while let Some(Ok(request)) = requests.next().await {
            mouth.say(&request.text);
            let Some(text) = ears.next().await else {
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
