//! Two directions, two loops: each waits for its own side only. `select!` runs both, and the first that ends, ends
//! the call. The loop of the requests does not end at the half-close: it drops the announcer and waits, for
//! the replies go on. `closed` is the third branch, because a client that is gone may leave no other
//! sign. One loop over one `select!` is as good.

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
        let receive = async {
            while let Some(request) = requests.next().await {
                let Ok(request) = request else { return };
                announcer.announce(&request.text);
            }
            drop(announcer);
            // The client has finished sending, and goes on reading.
            std::future::pending().await
        };
        let send = async {
            while let Some(text) = listener.next().await {
                let reply = ChatResponse { text, answers: 0 };
                if out.send(Ok(reply)).await.is_err() {
                    return;
                }
            }
        };
        tokio::select! {
            () = receive => {}
            () = send => {}
            () = out.closed() => {}
        }
    });
    Ok(ReceiverStream::new(replies))
}
