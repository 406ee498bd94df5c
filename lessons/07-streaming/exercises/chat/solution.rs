//! Four things may happen next, in any order, so one `select!` waits for all of them: the caller says
//! something, the room does, the caller has gone, and nothing for an hour. Code that reads one and
//! then the other decides whose turn it is, and nobody has told the two sides. The mouth is an
//! `Option`, because it ends before the ears do: finishing to speak is not leaving. Two tasks, one
//! for each direction, are as good; then one of them must end the other when the caller is gone.

use l07_streaming::pb::{ChatRequest, ChatResponse};
use l07_streaming::room::{Ears, Mouth};
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tokio_stream::{Stream, StreamExt};
use tonic::Status;

/// What the caller gets.
pub type Replies = ReceiverStream<Result<ChatResponse, Status>>;

/// A method with many requests and many replies. It connects a caller with a room in which others
/// are.
pub async fn chat<S>(mut requests: S, mouth: Mouth, mut ears: Ears) -> Result<Replies, Status>
where
    S: Stream<Item = Result<ChatRequest, Status>> + Send + Unpin + 'static,
{
    let (out, replies) = mpsc::channel(8);
    tokio::spawn(async move {
        let mut mouth = Some(mouth);
        loop {
            tokio::select! {
                // Not asked any more once the caller has finished.
                request = requests.next(), if mouth.is_some() => match request {
                    Some(Ok(request)) => {
                        if let Some(mouth) = &mouth {
                            mouth.say(&request.text);
                        }
                    }
                    Some(Err(_)) => return,
                    None => mouth = None,
                },
                heard = ears.next() => {
                    let Some(text) = heard else { return };
                    let reply = ChatResponse { text, answers: 0 };
                    if out.send(Ok(reply)).await.is_err() {
                        return;
                    }
                }
                () = out.closed() => return,
            }
        }
    });
    Ok(ReceiverStream::new(replies))
}
