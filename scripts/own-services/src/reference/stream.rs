//! Stage 6: a stream in both directions. A reply is made when the one before it was sent.

use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Request, Response, Status, Streaming};

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

pub struct Chats;

/// The service, ready to be added to a server.
pub fn service() -> StreamServiceServer<Chats> {
    StreamServiceServer::new(Chats)
}

#[tonic::async_trait]
impl StreamService for Chats {
    type ChatStream = ReceiverStream<Result<ChatResponse, Status>>;
    type RepeatStream = ReceiverStream<Result<RepeatResponse, Status>>;

    async fn chat(
        &self,
        request: Request<Streaming<ChatRequest>>,
    ) -> Result<Response<Self::ChatStream>, Status> {
        // One slot: a caller that does not read stops the task below, which then reads no further text.
        let (replies, stream) = mpsc::channel(1);
        tokio::spawn(chat(request.into_inner(), replies));
        Ok(Response::new(ReceiverStream::new(stream)))
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

type Replies = mpsc::Sender<Result<ChatResponse, Status>>;

/// Serves one call; it ends early when the caller has gone.
async fn chat(mut texts: Streaming<ChatRequest>, replies: Replies) -> Option<()> {
    let say = async |text: String, answers: u32| {
        replies.send(Ok(ChatResponse { text, answers })).await.ok()
    };
    say("welcome".into(), 0).await?;
    let mut count = 0;
    while let Some(request) = texts.message().await.ok()? {
        count += 1;
        say(format!("hello {}", request.text), count).await?;
    }
    say(format!("bye, {count} texts"), 0).await
}
