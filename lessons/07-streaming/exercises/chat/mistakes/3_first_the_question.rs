//! belief: first-the-question-then-the-answer
//! words: First come all requests, then all replies.
//! check: both_speak_when_they_like
//! says: nobody has told them to take turns

use l07_streaming::pb::{ChatRequest, ChatResponse};
use l07_streaming::room::{Ears, Mouth};
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tokio_stream::{Stream, StreamExt};
use tonic::Status;

pub type Replies = ReceiverStream<Result<ChatResponse, Status>>;

pub async fn chat<S>(mut requests: S, mouth: Mouth, mut ears: Ears) -> Result<Replies, Status>
where
    S: Stream<Item = Result<ChatRequest, Status>> + Send + Unpin + 'static,
{
    let (out, replies) = mpsc::channel(8);
    tokio::spawn(async move {
        while let Some(Ok(request)) = requests.next().await {
            mouth.say(&request.text);
        }
        drop(mouth);
        while let Some(text) = ears.next().await {
            let reply = ChatResponse { text, answers: 0 };
            if out.send(Ok(reply)).await.is_err() {
                return;
            }
        }
    });
    Ok(ReceiverStream::new(replies))
}
