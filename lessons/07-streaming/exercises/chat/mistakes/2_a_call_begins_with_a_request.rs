//! belief: a-call-begins-with-a-request
//! words: A call begins when the first request is there.
//! check: the_call_begins_before_the_first_text
//! says: the caller waits for the beginning of your answer

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
    match requests.next().await {
        Some(Ok(first)) => mouth.say(&first.text),
        Some(Err(status)) => return Err(status),
        None => return Ok(ReceiverStream::new(replies)),
    }
    tokio::spawn(async move {
        let mut mouth = Some(mouth);
        loop {
            tokio::select! {
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
