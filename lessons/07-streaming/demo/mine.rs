//! `-- mine`: the learner's own answers of this lesson, where they have passed, for an independent client.
//! Each part is a whole server, with reflection, health and all services of lesson 06; only one method of
//! `stream.v1.StreamService` is the learner's. In this order, on ports that follow each other:
//!
//! | part | its method | what a client may rely on |
//! |---|---|---|
//! | `server-stream` | `Repeat` | the items of the learner's `ListItems`, as greetings: `count` replies, `number` 1, 2, 3, ...; a page of three is made every `interval_ms` and sent then: `made_us` of reply 4 is one `interval_ms` later than that of reply 1, and the client gets each page before the next one is made. When the client cancels, this program prints `server-stream: the store was dropped` |
//! | `chat` | `Chat` | all calls on this server are in one room. A text of one client comes to every *other* client as `N: TEXT` with `answers` 0, where N is the number of the sender. A client that comes later is announced to those in the room: `N joined`. No welcome, no echo, no goodbye, no turns. A client that has finished sending still gets the texts of the others; when all have finished, all calls end with OK |
//! | `backpressure` | `Repeat` | `count` replies with `payload_bytes` each, produced as fast as they are taken; `interval_ms` is ignored. At most 64,000 bytes of payload, and one reply more, are produced and not yet taken by the transport; with a client that stops reading, the transport takes what its windows allow. `made_us` shows it: of 10,000 replies of 8,000 bytes, the last is produced after the client has gone on reading |
//! | `streams` | | this lesson's own server, to compare |
//!
//! All other methods, and all limits, are those of the lesson's own server.

use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use l07_streaming::pb::catalog::catalog_service_server::CatalogService;
use l07_streaming::pb::catalog::{ListItemsRequest, ListItemsResponse};
use l07_streaming::pb::stream_service_server::StreamService;
use l07_streaming::pb::{
    ChatRequest, ChatResponse, GreetAllRequest, GreetAllResponse, GreetRequest, GreetResponse,
    RepeatRequest, RepeatResponse,
};
use l07_streaming::room::Room;
use l07_streaming::server::{Settings, serve};
use l07_streaming::service::{Streams, repeat};
use stage::signal;
use testkit::mine::{self, tell};
use tokio::time::{Instant, sleep};
use tokio_stream::{Stream, StreamExt};
use tonic::{Request, Response, Status, Streaming};

mod server_stream {
    include!(concat!(env!("OUT_DIR"), "/server-stream.rs"));
}

mod chat {
    include!(concat!(env!("OUT_DIR"), "/chat.rs"));
}

mod backpressure {
    include!(concat!(env!("OUT_DIR"), "/backpressure.rs"));
}

/// Serves the parts on `addr` and the ports that follow it, until a signal ends the program.
pub async fn run(addr: SocketAddr) -> anyhow::Result<()> {
    let mut stopped = signal::on_signal(false)?;
    mine::tell_panics(|| "the answer".to_string());
    let mut servers = Vec::new();
    let mut first = None;
    let parts = [
        (Part::ServerStream, Some(server_stream::OWN)),
        (Part::Chat(Arc::default()), Some(chat::OWN)),
        (Part::Backpressure, Some(backpressure::OWN)),
        (Part::Streams, None),
    ];
    for (after, (part, own)) in (0..).zip(parts) {
        let listener =
            signal::bind(mine::port_after(addr, after)?, "--addr 127.0.0.1:8801").await?;
        let addr = listener.local_addr()?;
        let name = part.name();
        let whose = match own {
            Some(own) => mine::whose(name, own),
            None => "this lesson's own server".to_string(),
        };
        tell(&format!("{name}: {whose}, on {addr}"));
        first.get_or_insert(addr);
        let mut stopped = stopped.clone();
        let service = Mine {
            part,
            own: Streams::default(),
        };
        servers.push(tokio::spawn(async move {
            let shutdown = async {
                let _ = stopped.wait_for(|stopped| *stopped).await;
            };
            serve(listener, service, Settings::default(), shutdown).await
        }));
    }
    if let Some(addr) = first {
        tell(&format!("listening on {addr}"));
    }
    stopped.wait_for(|stopped| *stopped).await?;
    for server in servers {
        server.await??;
    }
    Ok(())
}

/// Which method is the learner's.
#[derive(Clone)]
enum Part {
    ServerStream,
    Chat(Arc<Room>),
    Backpressure,
    Streams,
}

impl Part {
    fn name(&self) -> &'static str {
        match self {
            Part::ServerStream => "server-stream",
            Part::Chat(_) => "chat",
            Part::Backpressure => "backpressure",
            Part::Streams => "streams",
        }
    }
}

/// The lesson's own service, and in one of its methods the learner's code.
struct Mine {
    part: Part,
    own: Streams,
}

type Replies<T> = Pin<Box<dyn Stream<Item = Result<T, Status>> + Send>>;

#[tonic::async_trait]
impl StreamService for Mine {
    type RepeatStream = Replies<RepeatResponse>;
    type ChatStream = Replies<ChatResponse>;

    async fn greet(
        &self,
        request: Request<GreetRequest>,
    ) -> Result<Response<GreetResponse>, Status> {
        self.own.greet(request).await
    }

    async fn repeat(
        &self,
        request: Request<RepeatRequest>,
    ) -> Result<Response<Self::RepeatStream>, Status> {
        let replies: Self::RepeatStream = match self.part {
            Part::ServerStream => {
                let store = Arc::new(Shelf::new(request.into_inner())?);
                let catalog = server_stream::answer::Catalog { store };
                let all = Request::new(ListItemsRequest { after: 0 });
                let items = catalog.list_items(all).await?.into_inner();
                Box::pin(items.map(|item| item.map(greeting)))
            }
            Part::Backpressure => {
                let source = Payloads::new(request.into_inner())?;
                let (since, message) = (source.since, source.message.clone());
                let chunks = backpressure::answer::download(source);
                Box::pin(chunks.map(move |chunk| Ok(sent(since, &message, chunk))))
            }
            Part::Chat(_) | Part::Streams => {
                let replies = self.own.repeat(request).await?.into_inner();
                Box::pin(replies)
            }
        };
        Ok(Response::new(replies))
    }

    async fn greet_all(
        &self,
        request: Request<Streaming<GreetAllRequest>>,
    ) -> Result<Response<GreetAllResponse>, Status> {
        self.own.greet_all(request).await
    }

    async fn chat(
        &self,
        request: Request<Streaming<ChatRequest>>,
    ) -> Result<Response<Self::ChatStream>, Status> {
        let replies: Self::ChatStream = match &self.part {
            Part::Chat(room) => {
                let (announcer, listener) = room.join();
                let replies = chat::answer::chat(request.into_inner(), announcer, listener);
                Box::pin(replies.await?)
            }
            _ => Box::pin(self.own.chat(request).await?.into_inner()),
        };
        Ok(Response::new(replies))
    }
}

/// Greetings in pages of three. Each page takes a while.
struct Shelf {
    order: repeat::Order,
    since: Instant,
    interval: Duration,
    count: u32,
}

const PAGE: u32 = 3;

impl Shelf {
    fn new(asked: RepeatRequest) -> Result<Self, Status> {
        let interval = Duration::from_millis(asked.interval_ms.into());
        let count = asked.count;
        let order = repeat::Order::check(asked)?;
        Ok(Shelf {
            order,
            since: Instant::now(),
            interval,
            count,
        })
    }
}

impl server_stream::answer::Store for Shelf {
    async fn page(&self, after: u32) -> Result<Vec<ListItemsResponse>, Status> {
        if after >= self.count {
            return Ok(Vec::new());
        }
        sleep(self.interval).await;
        let last = after.saturating_add(PAGE).min(self.count);
        // The name carries the time, too: an item has no field for it.
        let item = |number| ListItemsResponse {
            number,
            name: format!(
                "{} {}",
                micros(self.since),
                self.order.greeting(number).message
            ),
        };
        Ok((after + 1..=last).map(item).collect())
    }
}

/// An item as the greeting that it stands for.
fn greeting(item: ListItemsResponse) -> RepeatResponse {
    let (made_us, message) = item.name.split_once(' ').unwrap_or_default();
    RepeatResponse {
        message: message.to_string(),
        number: item.number,
        made_us: made_us.parse().unwrap_or_default(),
        payload: Vec::new(),
    }
}

impl Drop for Shelf {
    fn drop(&mut self) {
        let ms = self.since.elapsed().as_millis();
        tell(&format!(
            "server-stream: the store was dropped after {ms} ms"
        ));
    }
}

/// Produces payloads as fast as they are taken. The first eight bytes of each hold its time, if it has that
/// many.
struct Payloads {
    message: String,
    since: Instant,
    count: u32,
    size: usize,
    produced: u32,
}

impl Payloads {
    fn new(asked: RepeatRequest) -> Result<Self, Status> {
        let (count, size) = (asked.count, asked.payload_bytes as usize);
        let message = repeat::Order::check(asked)?.greeting(0).message;
        Ok(Payloads {
            message,
            since: Instant::now(),
            count,
            size,
            produced: 0,
        })
    }
}

impl backpressure::answer::Source for Payloads {
    async fn read(&mut self) -> Option<backpressure::answer::Chunk> {
        if self.produced == self.count {
            return None;
        }
        self.produced += 1;
        let mut bytes = vec![b'.'; self.size];
        let micros = micros(self.since).to_be_bytes();
        if let Some(start) = bytes.first_chunk_mut() {
            *start = micros;
        }
        // As a disk would: other tasks get their turn.
        tokio::task::yield_now().await;
        Some(backpressure::answer::Chunk {
            number: self.produced,
            bytes: bytes.into(),
        })
    }
}

fn sent(since: Instant, message: &str, chunk: backpressure::answer::Chunk) -> RepeatResponse {
    let made_us = chunk
        .bytes
        .first_chunk()
        .copied()
        .map_or_else(|| micros(since), u64::from_be_bytes);
    RepeatResponse {
        message: message.to_string(),
        number: chunk.number,
        made_us,
        payload: chunk.bytes.to_vec(),
    }
}

fn micros(since: Instant) -> u64 {
    u64::try_from(since.elapsed().as_micros()).unwrap_or(u64::MAX)
}
