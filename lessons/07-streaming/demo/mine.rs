//! `-- mine`: the learner's own answers of this lesson, where they have passed, for a real stranger to
//! call. Each part is a whole server, with reflection, health and all services of lesson 06; only one
//! method of `stream.v1.StreamService` is the learner's. In this order, on ports that follow each
//! other:
//!
//! | part | its method | what a caller may rely on |
//! |---|---|---|
//! | `server-stream` | `Repeat` | `count` replies, `number` 1, 2, 3, ...; a "page" of three of them is made every `interval_ms`, and goes out then: `made_us` of reply 1 lies about `interval_ms` after the call, that of reply 4 one `interval_ms` later, and the caller gets each page before the next one is made. When the caller cancels, this program says `server-stream: the pages were dropped` |
//! | `chat` | `Chat` | all calls on this server are in one room. A text of one caller comes to every *other* caller as `N: TEXT` with `answers` 0, where N is the number of who said it; nobody hears themselves. Who comes in later is announced to those who are there: `N comes in`. No welcome, no echo, no goodbye. Nobody takes turns. Who has finished sending still hears the others; when all have finished, all calls end with OK |
//! | `backpressure` | `Repeat` | `count` replies with `payload_bytes` each, made as fast as they are taken, `interval_ms` is not looked at. At most 64,000 bytes of payload, and one more, are made and not yet taken by the transport; with a caller that stops reading, the transport takes what its windows allow. `made_us` shows it: of 10,000 replies of 8,000 bytes, the last was made after the caller has gone on reading |
//! | `streams` | | this lesson's own server, to compare |
//!
//! All other methods, and all limits, are those of the lesson's own server.

use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

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
            serve(listener, service, Settings::default(), None, shutdown).await
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
                let shelf = Shelf::new(request.into_inner())?;
                Box::pin(server_stream::answer::reply(shelf))
            }
            Part::Backpressure => {
                let camera = Camera::new(request.into_inner())?;
                let (since, message) = (camera.since, camera.message.clone());
                let pictures = backpressure::answer::album(camera);
                Box::pin(pictures.map(move |picture| Ok(sent(since, &message, picture))))
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
                let (mouth, ears) = room.enter();
                let replies = chat::answer::chat(request.into_inner(), mouth, ears);
                Box::pin(replies.await?)
            }
            _ => Box::pin(self.own.chat(request).await?.into_inner()),
        };
        Ok(Response::new(replies))
    }
}

/// Greetings that lie on pages of three. Each page takes a while.
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

impl server_stream::answer::Pages<RepeatResponse> for Shelf {
    async fn page(&mut self, after: usize) -> Result<Vec<RepeatResponse>, Status> {
        let after = u32::try_from(after).unwrap_or(u32::MAX);
        if after >= self.count {
            return Ok(Vec::new());
        }
        sleep(self.interval).await;
        let last = after.saturating_add(PAGE).min(self.count);
        Ok((after + 1..=last)
            .map(|number| self.order.greeting(number))
            .collect())
    }
}

impl Drop for Shelf {
    fn drop(&mut self) {
        let ms = self.since.elapsed().as_millis();
        tell(&format!(
            "server-stream: the pages were dropped after {ms} ms"
        ));
    }
}

/// Makes payloads as fast as they are taken. When each was made stands in its first eight bytes, if
/// there are so many.
struct Camera {
    message: String,
    since: Instant,
    count: u32,
    size: usize,
    made: u32,
}

impl Camera {
    fn new(asked: RepeatRequest) -> Result<Self, Status> {
        let (count, size) = (asked.count, asked.payload_bytes as usize);
        let message = repeat::Order::check(asked)?.greeting(0).message;
        Ok(Camera {
            message,
            since: Instant::now(),
            count,
            size,
            made: 0,
        })
    }
}

impl backpressure::answer::Camera for Camera {
    async fn shoot(&mut self) -> Option<backpressure::answer::Picture> {
        if self.made == self.count {
            return None;
        }
        self.made += 1;
        let mut bytes = vec![b'.'; self.size];
        let micros = micros(self.since).to_be_bytes();
        if let Some(start) = bytes.first_chunk_mut() {
            *start = micros;
        }
        // As a camera would: others get their turn.
        tokio::task::yield_now().await;
        Some(backpressure::answer::Picture {
            number: self.made,
            bytes: bytes.into(),
        })
    }
}

fn sent(since: Instant, message: &str, picture: backpressure::answer::Picture) -> RepeatResponse {
    let made_us = picture
        .bytes
        .first_chunk()
        .copied()
        .map_or_else(|| micros(since), u64::from_be_bytes);
    RepeatResponse {
        message: message.to_string(),
        number: picture.number,
        made_us,
        payload: picture.bytes.to_vec(),
    }
}

fn micros(since: Instant) -> u64 {
    u64::try_from(since.elapsed().as_micros()).unwrap_or(u64::MAX)
}
