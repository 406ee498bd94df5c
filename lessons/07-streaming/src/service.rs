//! The service of this lesson: a greeting in all four kinds of call. The two kinds that send many
//! replies have a file each, because their work goes on after the method has returned.

pub mod chat;
pub mod repeat;

use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::timeout;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Request, Response, Status, Streaming};

use crate::observe::{Event, Observer};
use crate::pb::stream_service_server::StreamService;
use crate::pb::{
    ChatRequest, ChatResponse, GreetAllRequest, GreetAllResponse, GreetRequest, GreetResponse,
    RepeatRequest, RepeatResponse,
};

/// The longest name, in bytes.
pub const NAME: usize = 256;
/// The most names in one `GreetAll`: its reply must fit into a message.
pub const NAMES: u32 = 200;

/// Greets in streams.
#[derive(Clone, Debug)]
pub struct Streams {
    /// The capacity of the channel between a producer and its call, in messages. A larger one costs
    /// memory: if the client reads slowly, that many messages wait here.
    pub ahead: usize,
    /// How long a client may send nothing, or read nothing.
    pub idle: Duration,
    /// Gets the events of all calls.
    pub observer: Observer,
}

impl Default for Streams {
    fn default() -> Self {
        Streams {
            ahead: 8,
            idle: Duration::from_secs(60),
            observer: Observer::default(),
        }
    }
}

#[tonic::async_trait]
impl StreamService for Streams {
    type RepeatStream = ReceiverStream<Result<RepeatResponse, Status>>;
    type ChatStream = ReceiverStream<Result<ChatResponse, Status>>;

    // ANCHOR: greet
    async fn greet(
        &self,
        request: Request<GreetRequest>,
    ) -> Result<Response<GreetResponse>, Status> {
        let name = given(request.into_inner().name)?;
        let message = format!("hello {name}");
        Ok(Response::new(GreetResponse { message }))
    }
    // ANCHOR_END: greet

    // ANCHOR: repeat
    async fn repeat(
        &self,
        request: Request<RepeatRequest>,
    ) -> Result<Response<Self::RepeatStream>, Status> {
        let order = repeat::Order::check(request.into_inner())?;
        let (out, replies) = mpsc::channel(self.ahead + repeat::FOR_THE_ERROR);
        let call = self.observer.call("Repeat");
        tokio::spawn(repeat::produce(order, out, self.idle, call));
        // The method returns before the first greeting is produced: the call has only begun.
        Ok(Response::new(ReceiverStream::new(replies)))
    }
    // ANCHOR_END: repeat

    // ANCHOR: greet_all
    async fn greet_all(
        &self,
        request: Request<Streaming<GreetAllRequest>>,
    ) -> Result<Response<GreetAllResponse>, Status> {
        let call = self.observer.call("GreetAll");
        let mut requests = request.into_inner();
        let (mut names, mut count) = (Vec::new(), 0);
        while let Some(GreetAllRequest { name }) = next(&mut requests, self.idle).await? {
            if count == NAMES {
                return Err(Status::resource_exhausted(format!(
                    "more than {NAMES} names"
                )));
            }
            count += 1;
            call.report(Event::Received(count));
            names.push(given(name)?);
        }
        call.report(Event::HalfClosed);
        let message = greeting(&names);
        Ok(Response::new(GreetAllResponse { message, count }))
    }
    // ANCHOR_END: greet_all

    // ANCHOR: chat
    async fn chat(
        &self,
        request: Request<Streaming<ChatRequest>>,
    ) -> Result<Response<Self::ChatStream>, Status> {
        let (out, replies) = mpsc::channel(self.ahead + repeat::FOR_THE_ERROR);
        let call = self.observer.call("Chat");
        tokio::spawn(chat::talk(request.into_inner(), out, self.idle, call));
        // Do not wait for the first text here: the client may wait for the headers first.
        Ok(Response::new(ReceiverStream::new(replies)))
    }
    // ANCHOR_END: chat
}

/// The next request, or `None` if the client has finished sending.
async fn next<T>(requests: &mut Streaming<T>, idle: Duration) -> Result<Option<T>, Status> {
    match timeout(idle, requests.message()).await {
        Ok(next) => next,
        Err(_) => Err(silent(idle)),
    }
}

/// The status for a client that has sent nothing for this time.
fn silent(idle: Duration) -> Status {
    Status::deadline_exceeded(format!("no message from the client for {idle:?}"))
}

/// The name, or the status that says what is wrong with it.
fn given(name: String) -> Result<String, Status> {
    match name.len() {
        0 => Err(Status::invalid_argument("the name is empty")),
        1..=NAME => Ok(name),
        length => Err(Status::invalid_argument(format!(
            "the name has {length} bytes; {NAME} is the most"
        ))),
    }
}

/// `hello ann, ben and cid`.
fn greeting(names: &[String]) -> String {
    match names {
        [] => "hello".to_string(),
        [name] => format!("hello {name}"),
        [names @ .., last] => format!("hello {} and {last}", names.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_name_stands_behind_and() {
        let names = ["ann", "ben", "cid"].map(String::from);
        assert_eq!(greeting(&names), "hello ann, ben and cid");
        assert_eq!(greeting(&names[..2]), "hello ann and ben");
        assert_eq!(greeting(&names[..1]), "hello ann");
        assert_eq!(greeting(&[]), "hello");
    }
}
