//! belief: an-end-needs-no-word
//! words: That one side has finished is its own affair.
//! check: who_has_finished_still_listens
//! says: when you drop its mouth

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
        let mut finished = false;
        loop {
            tokio::select! {
                request = requests.next(), if !finished => match request {
                    Some(Ok(request)) => mouth.say(&request.text),
                    Some(Err(_)) => return,
                    None => finished = true,
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
