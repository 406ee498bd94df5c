//! Stage 6, with faults.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use tokio::sync::{Mutex, mpsc};
use tokio_stream::wrappers::{ReceiverStream, UnboundedReceiverStream};
use tokio_stream::{Stream, StreamExt};
use tonic::{Request, Response, Status, Streaming};

use crate::fault;
use pb::stream_service_server::{StreamService, StreamServiceServer};
use pb::{
    ChatRequest, ChatResponse, GreetAllRequest, GreetAllResponse, GreetRequest, GreetResponse,
    RepeatRequest, RepeatResponse,
};

#[allow(
    clippy::allow_attributes_without_reason,
    reason = "generated; the comments are in stream.proto"
)]
mod pb {
    tonic::include_proto!("stream.v1");
}

pub struct Chats {
    /// Texts of all calls.
    all: Arc<AtomicU32>,
    /// Held by a call while it works.
    one: Arc<Mutex<()>>,
}

/// The service, ready to be added to a server.
pub fn service(one: Arc<Mutex<()>>) -> StreamServiceServer<Chats> {
    StreamServiceServer::new(Chats {
        all: Arc::default(),
        one,
    })
}

type Replies = Box<dyn Stream<Item = Result<ChatResponse, Status>> + Send + Unpin>;

#[tonic::async_trait]
impl StreamService for Chats {
    type ChatStream = Replies;
    type RepeatStream = ReceiverStream<Result<RepeatResponse, Status>>;

    async fn chat(
        &self,
        request: Request<Streaming<ChatRequest>>,
    ) -> Result<Response<Replies>, Status> {
        let texts = request.into_inner();
        let (all, one) = (Arc::clone(&self.all), Arc::clone(&self.one));
        let replies: Replies = if fault("unbounded-stream") {
            let (to, replies) = mpsc::unbounded_channel();
            tokio::spawn(chat(texts, To::Unbounded(to), all, one));
            Box::new(UnboundedReceiverStream::new(replies))
        } else {
            let (to, replies) = mpsc::channel(4);
            tokio::spawn(chat(texts, To::Bounded(to), all, one));
            Box::new(ReceiverStream::new(replies))
        };
        Ok(Response::new(replies))
    }

    async fn greet(&self, _: Request<GreetRequest>) -> Result<Response<GreetResponse>, Status> {
        Err(Status::unimplemented("only Chat is here"))
    }

    async fn greet_all(
        &self,
        _: Request<Streaming<GreetAllRequest>>,
    ) -> Result<Response<GreetAllResponse>, Status> {
        Err(Status::unimplemented("only Chat is here"))
    }

    async fn repeat(
        &self,
        _: Request<RepeatRequest>,
    ) -> Result<Response<Self::RepeatStream>, Status> {
        Err(Status::unimplemented("only Chat is here"))
    }
}

/// The queue of replies.
enum To {
    Bounded(mpsc::Sender<Result<ChatResponse, Status>>),
    Unbounded(mpsc::UnboundedSender<Result<ChatResponse, Status>>),
}

impl To {
    async fn send(&self, text: String, answers: u32) -> Option<()> {
        let reply = Ok(ChatResponse { text, answers });
        match self {
            Self::Unbounded(to) => to.send(reply).ok(),
            Self::Bounded(to) if fault("drops-replies") => {
                let _ = to.try_send(reply);
                Some(())
            }
            Self::Bounded(to) if fault("gives-up") => match to.try_send(reply) {
                Ok(()) => Some(()),
                Err(_) => {
                    let _ = to
                        .send(Err(Status::resource_exhausted("the caller is too slow")))
                        .await;
                    None
                }
            },
            Self::Bounded(to) => to.send(reply).await.ok(),
        }
    }
}

async fn chat(
    mut texts: Streaming<ChatRequest>,
    to: To,
    all: Arc<AtomicU32>,
    one: Arc<Mutex<()>>,
) -> Option<()> {
    let mut collected = Vec::new();
    if fault("collects") {
        while let Some(request) = texts.next().await {
            collected.push(request.ok()?);
        }
    }
    let mut collected = collected.into_iter();
    to.send("welcome".into(), 0).await?;
    let mut count = 0;
    while let Some(request) = match collected.next() {
        Some(request) => Some(request),
        None => texts.message().await.ok()?,
    } {
        count += 1;
        let total = all.fetch_add(1, Ordering::Relaxed) + 1;
        let answers = if fault("shared-count") { total } else { count };
        let _held = if fault("reader-blocks-all") {
            Some(one.lock().await)
        } else {
            None
        };
        to.send(format!("hello {}", request.text), answers).await?;
    }
    if fault("no-bye") {
        return Some(());
    }
    to.send(format!("bye, {count} texts"), 0).await
}
