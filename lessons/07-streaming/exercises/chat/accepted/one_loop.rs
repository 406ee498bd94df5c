//! Accepted: one loop over one `select!`, with the announcer in an `Option`.

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
        let mut announcer = Some(announcer);
        loop {
            tokio::select! {
                // Not polled any more once the client has finished sending.
                request = requests.next(), if announcer.is_some() => match request {
                    Some(Ok(request)) => {
                        if let Some(announcer) = &announcer {
                            announcer.announce(&request.text);
                        }
                    }
                    Some(Err(_)) => return,
                    None => announcer = None,
                },
                text = listener.next() => {
                    let Some(text) = text else { return };
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
